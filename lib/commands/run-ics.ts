import type { Diagnostic } from '../calendar/diagnostic';
import { renderDiagnostics } from '../calendar/render-diagnostics';
import type { CapacityPlan } from '../capacity/capacity-plan';
import { coverOf } from '../capacity/cover';
import { listNames } from '../capacity/words';
import { type CalendarFeed, calendarFeed, renderCalendarFeed } from '../report/calendar-feed';
import { diagnosticJson, EXIT, loadFromOptions, type Output, renderJson } from './common';
import type { IcsOptions } from './ics';
import { replaceFile } from './text-file';

/** Prints or writes the feed; returns the exit code. On an error nothing is printed or written but what is wrong. */
export async function runIcs(options: IcsOptions, { out, err }: Output): Promise<number> {
  const { plan, calendar, environments, diagnostics, ok } = await loadFromOptions(options);
  if (!plan || !calendar || !ok) {
    err(renderDiagnostics(diagnostics));
    if (options.json) out(renderJson({ schemaVersion: 1, diagnostics: diagnostics.map(diagnosticJson) }));
    return EXIT.problems;
  }
  const feed = calendarFeed({ plan, calendar, environments, commandOptions: commandOptions(options) });
  const failure = options.output === undefined ? undefined : write(options.output, renderCalendarFeed(feed));
  const found = [...diagnostics, ...deferredWarnings(plan), ...(failure ? [failure] : [])];
  err(renderDiagnostics(found));
  if (options.json) out(renderJson(documentOf(plan, feed, found)));
  else if (options.output === undefined) out(renderCalendarFeed(feed));
  if (failure) return EXIT.problems;
  if (options.output !== undefined) {
    const { length } = feed.events;
    err(`wrote ${length} ${length === 1 ? 'event' : 'events'} to ${options.output}\n`);
  }
  return EXIT.fine;
}

/** What else has to be said, so that the commands in the events work as they are. */
function commandOptions({ calendar, environments, stack }: IcsOptions): string[] {
  return [
    ...(calendar === 'release-calendar' ? [] : ['--calendar', quote(calendar)]),
    ...(environments === undefined ? [] : ['--environments', quote(environments)]),
    ...(stack === undefined ? [] : ['--stack', quote(stack)]),
  ];
}

/** As a shell takes it for one word. */
function quote(word: string): string {
  return /^[\w./:@=+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** What is not in the feed because no plan of today holds it. */
function deferredWarnings({ environments }: CapacityPlan): Diagnostic[] {
  return environments.flatMap((environment): Diagnostic[] => {
    const { coveredUntil, deferred } = coverOf(environment);
    if (deferred.length === 0) return [];
    return [
      {
        severity: 'warning',
        code: 'ics/deferred',
        message: `${environment.name}: the feed ends at ${coveredUntil}, before the premiere of ${listNames(deferred)}`,
        mend: `${coveredUntil === environment.horizonEnd ? 'look further with --horizon, or ' : ''}make it again later: daily is best`,
      },
    ];
  });
}

function documentOf(plan: CapacityPlan, { sequence, events }: CalendarFeed, found: readonly Diagnostic[]): object {
  const { asOf, calendarDigest, toolVersion } = plan;
  return {
    schemaVersion: 1,
    asOf,
    calendarDigest,
    toolVersion,
    sequence,
    environments: plan.environments.map((environment) => ({ name: environment.name, ...coverOf(environment) })),
    events,
    diagnostics: found.map(diagnosticJson),
  };
}

/** A calendar that fetches half a feed drops the other half's events. */
function write(file: string, text: string): Diagnostic | undefined {
  const reason = replaceFile(file, text);
  if (reason === undefined) return undefined;
  return {
    severity: 'error',
    code: 'ics/not-written',
    message: `the calendar cannot be written (${reason})`,
    mend: 'name a file in a folder that exists, with write access to both',
    file,
  };
}
