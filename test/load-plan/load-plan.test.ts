import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Environment } from '../../lib/capacity/environment';
import { environments } from '../../lib/environments';
import { targetOf } from '../../lib/capacity/target-of';
import { loadPlan, loadPlans } from '../../lib/load-plan';
import { environment } from '../capacity/fixtures';

const AS_OF = '2026-12-01T00:00:00Z';
const OVERLAP = 'test/fixtures/plans/overlap';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'prescale-load-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function calendarWith(entry: string): string {
  writeFileSync(
    path.join(folder, 'a.yaml'),
    `releases:\n  - { id: a, title: A, premiere: 2026-12-04T19:00Z, kind: episode, ${entry} }\n`,
  );
  return folder;
}

test('an environment with nonsense is named in the file where it is written, and nothing is planned', () => {
  const prod = environments.find(({ name }) => name === 'prod')!;
  const { plan, diagnostics, ok } = loadPlans({
    calendarDir: OVERLAP,
    environments: [{ ...prod, zoneIds: ['use1-az3', 'use1-az1', 'use1-az2'] }],
    known: environments,
    asOf: AS_OF,
    environmentsFile: 'lib/environments.ts',
  });
  expect([ok, plan]).toEqual([false, undefined]);
  expect(diagnostics).toEqual([
    {
      severity: 'error',
      code: 'environment/zone-ids',
      message: 'prod: zoneIds must be zones with VPC origins of CloudFront, got ["use1-az3"]',
      mend: 'choose other zones of the region',
      file: 'lib/environments.ts',
    },
  ]);
});

test('for an app of your own, a plan is returned or every problem is thrown with its place', () => {
  const live = environment({}, { name: 'live' });
  const plan = loadPlan({ calendarDir: calendarWith('floors: { playback: 160 }'), environment: live, asOf: AS_OF });
  expect(plan.targets[0]!.actions.map(({ min }) => min)).toEqual([160, 120, 160, 120]);

  const load =
    (entry: string, where: Environment = live) =>
    () =>
      loadPlan({ calendarDir: calendarWith(entry), environment: where, asOf: AS_OF });
  expect(load('floors: { playbak: 160 }')).toThrow(/a\.yaml:2:\d+: floors names an unknown layer "playbak"/);
  expect(load('floors: { playback: 1700 }')).toThrow(
    /live: a needs 1,700 tasks in us-east-1\/playback .* \[capacity\/ceiling\]/,
  );
  expect(load('floors: { playback: 160 }', { name: 'live' } as Environment)).toThrow(
    /live: layers must be given, got nothing/,
  );
  expect(() => loadPlan({ calendarDir: OVERLAP, environment: live, asOf: 'tomorrow' })).toThrow(/asOf must be a date/);
});

test('names of environments are compared only with those that are known', () => {
  const calendarDir = calendarWith('floors: { playback: 160 }, environments: [live, preview]');
  const live = environment({}, { name: 'live' });
  expect(loadPlan({ calendarDir, environment: live, asOf: AS_OF }).targets[0]!.actions).toHaveLength(4);
  expect(() => loadPlan({ calendarDir, environment: live, known: [live], asOf: AS_OF })).toThrow(
    /environments names an unknown environment "preview"/,
  );
});

test('the plan of a layer is found by its name, and a misspelt name is answered with those that there are', () => {
  const plan = loadPlan({ calendarDir: OVERLAP, environment: environment({}, { name: 'live' }), asOf: AS_OF });
  expect(targetOf(plan, 'playback')).toBe(plan.targets[0]);
  expect(() => targetOf(plan, 'playbck')).toThrow(
    'the plan of "live" has no layer "playbck"; mend: choose from "playback"',
  );
});
