import { fromIso } from '../capacity/instants';
import { listNames } from '../capacity/words';
import { localTime, utcTime, zoneLabel } from './times';

/** What is shown of a verification. */
export interface ShownVerification {
  readonly asOf: string;
  readonly environment: string;
  readonly releases: readonly { readonly id: string; readonly premiereAt: string; readonly premiereZone: string }[];
  readonly verdict: ShownVerdict;
  readonly checks: readonly ShownCheck[];
}

export type ShownVerdict = 'go' | 'no-go' | 'unknown';

export interface ShownCheck {
  readonly id: string;
  readonly target: string | null;
  readonly verdict: ShownVerdict;
  readonly expected: string;
  readonly found: string;
  readonly mend: string | null;
}

/** Colours a text as its verdict, for a terminal. */
export type Paint = (verdict: ShownVerdict, text: string) => string;

const VERDICT_WIDTH = 'unknown'.length;

/** A verification for people: the verdict in a sentence, then a line for each check, with the mend below what is no go. Ends with a newline. */
export function renderVerification(verification: ShownVerification, paint: Paint): string {
  const { verdict, checks } = verification;
  const width = Math.max(...checks.map((check) => labelOf(check, checks).length));
  const indent = ' '.repeat(VERDICT_WIDTH + width + 4);
  // One trouble, such as credentials that have expired, is told once.
  const told = new Map<string, string>();
  const lines = checks.map((check) => {
    const label = labelOf(check, checks);
    const reason = `${check.found}\n${check.mend}`;
    const earlier = check.verdict === 'unknown' ? told.get(reason) : undefined;
    const found = earlier === undefined ? check.found : `as ${earlier}`;
    const head = `${paint(check.verdict, check.verdict.padEnd(VERDICT_WIDTH))}  ${label.padEnd(width)}  ${found}\n`;
    if (check.verdict === 'go') return head;
    told.set(reason, earlier ?? label);
    const mend = earlier === undefined ? `${indent}mend: ${check.mend}\n` : '';
    return `${head}${indent}expected: ${check.expected}\n${mend}`;
  });
  return `${paint(verdict, `${verdict}:`)} ${sentenceOf(verification)}\n\n${lines.join('')}`;
}

function sentenceOf({ asOf, environment, releases, verdict, checks }: ShownVerification): string {
  const of = (wanted: ShownVerdict): string[] =>
    checks.filter((check) => check.verdict === wanted).map((check) => labelOf(check, checks));
  const releaseTexts = releases.map(
    ({ id, premiereAt, premiereZone }) =>
      `${id} (${utcTime(premiereAt)} UTC${premiereZone === 'UTC' ? '' : `, ${localTime(premiereAt, premiereZone)} ${zoneLabel(premiereZone)}`}, ${distance(fromIso(premiereAt) - fromIso(asOf))})`,
  );
  const what = releases.length > 0 ? ` for ${listNames(releaseTexts)}` : ', and no release is coming';
  if (verdict === 'go') return `${environment} is ready${what}; all ${checks.length} checks are go`;
  const lost = of('unknown').length > 0 ? `unknown: ${listNames(of('unknown'))}` : '';
  if (verdict === 'unknown') return `whether ${environment} is ready${what} cannot be told; ${lost}`;
  return `${environment} is not ready${what}; no-go: ${listNames(of('no-go'))}${lost && `; ${lost}`}`;
}

/** `in 1 h 35 min`, `2 min ago`. */
function distance(seconds: number): string {
  const minutes = Math.floor(Math.abs(seconds) / 60);
  const parts = [
    [Math.floor(minutes / 1440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ] as const;
  const text = parts
    .filter(([count]) => count > 0)
    .slice(0, 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
  if (text === '') return 'now';
  return seconds > 0 ? `in ${text}` : `${text} ago`;
}

/**
 * What changed from one look to the next, a line for each change of a verdict; empty while nothing did. What is no go or unknown for one reason
 * is one line. Each line ends with a newline.
 */
export function renderChanges(after: ShownVerification, before: ShownVerification | undefined, paint: Paint): string {
  const { asOf, verdict, checks } = after;
  const line = (of: ShownVerdict, text: string): string =>
    `${asOf.replace('T', ' ').replace('Z', ' UTC')}  ${paint(of, of.padEnd(VERDICT_WIDTH))}  ${text}\n`;
  const was = new Map(before?.checks.map((check) => [labelOf(check, before.checks), check.verdict]));
  const changed = checks.filter((check) => {
    const earlier = was.get(labelOf(check, checks));
    return earlier === undefined ? check.verdict !== 'go' : earlier !== check.verdict;
  });
  const isNew = before === undefined || before.verdict !== verdict;
  if (verdict === 'go') return isNew ? line('go', `all ${checks.length} checks`) : '';
  const groups = new Map<string, ShownCheck[]>();
  for (const check of changed) {
    const key = check.verdict === 'go' ? 'go' : `${check.verdict}: ${check.found}`;
    groups.set(key, [...(groups.get(key) ?? []), check]);
  }
  return [...groups.values()]
    .map((group) => {
      const { verdict: of, found, expected, mend } = group[0]!;
      const labels = listNames(
        group.map((check) => labelOf(check, checks)),
        4,
      );
      if (of === 'go') return line(of, labels);
      return line(
        of,
        group.length === 1
          ? `${labels}: ${found}; expected: ${expected}; mend: ${mend}`
          : `${labels}: ${found}; mend: ${mend}`,
      );
    })
    .join('');
}

/** The id of a check, with its target where there are several. */
function labelOf({ id, target }: ShownCheck, checks: readonly ShownCheck[]): string {
  const targets = new Set(checks.flatMap((check) => check.target ?? []));
  return target === null || targets.size < 2 ? id : `${id} ${target}`;
}
