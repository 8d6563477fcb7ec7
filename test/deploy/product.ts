import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EnvironmentPlan, TargetPlan } from '../../lib/capacity/capacity-plan';
import { environments } from '../../lib/environments';
import { loadPlan } from '../../lib/load-plan';
import { type CommandResult, type LiveTarget, type LocalAccount, ROOT, type TargetId } from './local-account';

/** One deploy of this repository's app: of which environment, as of when, from which calendar. */
export interface Plan {
  readonly environment: 'staging' | 'prod';
  readonly asOf: string;
  /** Folder. @default the repository's own calendar */
  readonly calendar?: string;
}

const folders: string[] = [];

/** A calendar of small releases with stated floors, by premiere. `removeCalendars` deletes it. */
export function writeCalendar(floors: Readonly<Record<string, number>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'prescale-calendar-'));
  folders.push(folder);
  const releases = Object.entries(floors).map(
    ([premiere, units], index) =>
      `  - { id: small-${index}, title: Small, premiere: ${premiere}, kind: episode, floors: { playback: ${units} } }\n`,
  );
  writeFileSync(join(folder, '2026.yaml'), `releases:\n${releases.join('')}`);
  return folder;
}

export function removeCalendars(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
}

/** As the app plans it. */
export function planOf({ environment: name, asOf, calendar = join(ROOT, 'release-calendar') }: Plan): TargetPlan {
  const environment = environments.find((candidate) => candidate.name === name)!;
  const plan: EnvironmentPlan = loadPlan({ calendarDir: calendar, environment, known: environments, asOf });
  return plan.targets[0]!;
}

/** `cdk deploy`, the account's clock left alone. */
export function deployPlan(
  account: LocalAccount,
  stacks: string,
  { environment, asOf, calendar }: Plan,
): Promise<CommandResult> {
  return account.deploy(stacks, {
    context: { env: environment, asOf, ...(calendar !== undefined && { calendar }) },
    exclusively: !stacks.includes('*'),
  });
}

/** Where an environment's playback service stands, from what its Capacity stack tells. */
export async function playbackTarget(account: LocalAccount): Promise<TargetId> {
  const resources = await account.resources();
  const { region, properties } = resources.find(({ type }) => type.endsWith('::ScalableTarget'))!;
  return { region, resourceId: properties.ResourceId };
}

/** What an account must hold of a plan, in the form in which it is read. */
export function planned({ min, max, actions }: TargetPlan): Omit<LiveTarget, 'suspended'> {
  return { min, max, actions: actions.map(({ name, at, min: from, max: to }) => ({ name, at, min: from, max: to })) };
}
