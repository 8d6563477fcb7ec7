import type { Diagnostic } from '../calendar/diagnostic';
import type { Release, ReleaseCalendar } from '../calendar/release';
import type { CapacityPlan, CapacityWindow, EnvironmentPlan, TargetPlan } from '../capacity/capacity-plan';
import type { Environment } from '../capacity/environment';
import { floorAt } from '../capacity/floor-at';
import { fromIso } from '../capacity/instants';
import { formatCount, listNames } from '../capacity/words';

/** How soon a window is due for which a ceiling may not fall: a day. */
const DUE_SECONDS = 86_400;

/** Both sides of the comparison, as of the same instant. Environments and targets that only one of them has are not compared. */
export interface Compared {
  readonly before: { readonly plan: CapacityPlan; readonly calendar: ReleaseCalendar };
  readonly after: { readonly plan: CapacityPlan; readonly calendar: ReleaseCalendar };
}

/** The two plans of each target. */
function targetsOf({ before, after }: Compared): {
  readonly environment: EnvironmentPlan;
  readonly old: TargetPlan;
  readonly target: TargetPlan;
}[] {
  return after.plan.environments.flatMap((environment) => {
    const earlier = before.plan.environments.find(({ name }) => name === environment.name);
    return environment.targets.flatMap((target) => {
      const old = earlier?.targets.find(({ id }) => id === target.id);
      return old ? [{ environment, old, target }] : [];
    });
  });
}

/**
 * An error for each target whose floor would fall that is live at `asOf`, or will be while a deploy runs: people may be watching on it. The rest of the
 * window that is open then is looked at, too: a floor of it that would be below what the old plan requires is such a fall.
 *
 * @param accepted that it is meant: a warning then
 */
export function judgeLowerFloors(compared: Compared, accepted: boolean): Diagnostic[] {
  const { asOf } = compared.after.plan;
  return targetsOf(compared).flatMap(({ environment, old, target }): Diagnostic[] => {
    const open = old.windows.filter((window) => isOpen(window, fromIso(asOf) + environment.deployWindowSeconds));
    const at = firstFall(old, target, asOf, open);
    if (at === undefined) return [];
    const [before, after] = [floorAt(old, at), floorAt(target, at)];
    const when = at === asOf ? 'that is live now would fall' : `of the window that is open now would fall at ${at}`;
    const releases = [...new Set(open.flatMap((window) => window.releases))];
    const until = open.at(-1)?.endsAt;
    return [
      {
        severity: accepted ? 'warning' : 'error',
        code: 'diff/lower-floor',
        message: `${environment.name}: the floor of ${target.id} ${when} from ${formatCount(before)} to ${formatCount(after)} ${target.unit}s, in the window of ${listNames(releases)}${until === undefined ? '' : `, which is open until ${until}`}`,
        mend: 'leave the entry as it is until then, or say with --accept-lower that it is meant',
        ...locate(releases, compared),
      },
    ];
  });
}

/** The first instant at which a floor falls that is live, or that people who watch now still need. */
function firstFall(
  old: TargetPlan,
  target: TargetPlan,
  asOf: string,
  open: readonly CapacityWindow[],
): string | undefined {
  if (floorAt(target, asOf) < floorAt(old, asOf)) return asOf;
  const until = open
    .filter(({ drill }) => !drill)
    .map(({ endsAt }) => endsAt)
    .toSorted()
    .at(-1);
  if (until === undefined) return undefined;
  const requiredAt = (at: string): number =>
    old.required.find(({ from, to }) => from <= at && at < to)?.units ?? old.baseline;
  return [...target.actions, ...old.required.map(({ from }) => ({ at: from }))]
    .map(({ at }) => at)
    .filter((at) => at > asOf && at < until)
    .toSorted()
    .find((at) => floorAt(target, at) < Math.min(floorAt(old, at), requiredAt(at)));
}

/** A finding that only a base can turn into an error: a first floor lies before `asOf`, and the base's floor is lower than what is needed. */
export function judgeTooLate(compared: Compared): Diagnostic[] {
  const { asOf } = compared.after.plan;
  const targets = targetsOf(compared);
  return compared.after.plan.environments.flatMap(({ name, findings, releases }) =>
    findings
      .filter(({ code }) => code === 'capacity/too-late')
      .flatMap(({ code, message, releases: [id] }): Diagnostic[] => {
        const ids = releases.find((release) => release.id === id)?.targets.map((target) => target.id) ?? [];
        const cold = targets.find(
          ({ environment, old, target }) =>
            environment.name === name && ids.includes(target.id) && floorAt(old, asOf) < floorAt(target, asOf),
        );
        if (!cold) return [];
        const { old, target } = cold;
        const needed = floorAt(target, asOf);
        return [
          {
            severity: 'error',
            code,
            message: `${name}: ${message}, and ${target.id} has a floor of ${formatCount(floorAt(old, asOf))} ${target.unit}s now where ${formatCount(needed)} are needed`,
            mend: `premiere later, or deploy at once and look with npm run -s prescale -- verify --env ${name} whether it becomes warm in time`,
            ...locate([id!], compared),
          },
        ];
      }),
  );
}

/**
 * An error for each target whose maximum is lower than at the base while a window is open or due within a day, be it in the old plan or in the new one:
 * lowering a maximum stops running units at once.
 *
 * @param base environments as the base has them
 */
export function judgeLowerCeilings(
  compared: Compared,
  base: readonly Environment[],
  environmentsFile: string,
): Diagnostic[] {
  const asOf = fromIso(compared.after.plan.asOf);
  return targetsOf(compared).flatMap(({ environment, old, target }): Diagnostic[] => {
    const [region, layer] = target.id.split('/');
    const earlier = base.find(({ name }) => name === environment.name);
    const maximum: unknown = earlier?.region === region ? earlier?.layers?.[layer!]?.maximum : undefined;
    if (typeof maximum !== 'number' || maximum <= target.max) return [];
    const near = [...old.windows, ...target.windows].filter((window) => isOpen(window, asOf + DUE_SECONDS));
    if (near.length === 0) return [];
    const ends = near.map(({ endsAt }) => endsAt).toSorted();
    return [
      {
        severity: 'error',
        code: 'diff/lower-ceiling',
        message: `${environment.name}: the maximum of ${target.id} falls from ${formatCount(maximum)} to ${formatCount(target.max)} ${target.unit}s, while a window of ${listNames([...new Set(near.flatMap(({ releases }) => releases))])} is open or due within a day`,
        mend: `keep it at ${maximum} until ${ends.at(-1)}`,
        file: environmentsFile,
      },
    ];
  });
}

/** Windows of a plan end after its `asOf`. */
function isOpen({ risingAt }: CapacityWindow, before: number): boolean {
  return fromIso(risingAt) < before;
}

/** The entry of the first of the releases, as it is now or else as it was. */
function locate(ids: readonly string[], { before, after }: Compared): Partial<Release['location']> {
  const all = [...after.calendar.releases, ...before.calendar.releases];
  return all.find(({ id }) => ids.includes(id))?.location ?? {};
}
