import { isProblem, readGuardPlan, renderGuardPlan } from '../../lib/guard/guard-plan';
import { at, environment, plan, release, targetOf } from '../capacity/fixtures';
import { PLAN } from './fixtures';

const TARGET = targetOf(
  plan([release({ id: 'finale', premiereAt: at('2027-02-01T20:00:00Z') })], '2027-01-01T00:00:00Z', environment()),
);
const { schemaVersion: _version, target: _target, ...FIELDS } = PLAN;

test('what is rendered is read back, without what the guard does not need', () => {
  const text = renderGuardPlan({ ...FIELDS, target: TARGET });
  const { cost: _cost, required: _required, leadTime: _leadTime, deferred: _deferred, ...rest } = TARGET;
  const { unit: _unit, ...target } = rest;
  expect(target.actions.length).toBeGreaterThan(3);
  expect(readGuardPlan(text)).toEqual({ schemaVersion: 1, ...FIELDS, target });
  expect(text).not.toMatch(/\s\s|\n/);
});

test('account and digest may be left out', () => {
  const { account: _, calendarDigest: __, ...fields } = FIELDS;
  expect(isProblem(readGuardPlan(renderGuardPlan({ ...fields, target: TARGET })))).toBe(false);
});

test.each<[string, string]>([
  ['', 'is no JSON, it begins with ""'],
  ['{"schemaVersion":1', 'is no JSON'],
  ['null', 'is no plan, got null'],
  ['{}', 'must have schemaVersion 1, got undefined'],
  ['{"schemaVersion":2}', 'must have schemaVersion 1, got 2'],
  ['{"schemaVersion":1}', 'must have text in environment, got undefined'],
])('%s is unreadable', (text, message) => {
  const problem = readGuardPlan(text);
  expect(problem).toEqual({
    code: 'guard/plan-unreadable',
    message: expect.stringContaining(`plan.json ${message}`),
  });
});

/** The fixture with another value in one place. */
function broken(place: string, value: unknown): string {
  const copy = structuredClone(PLAN) as object;
  const keys = place.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce((node, key) => (node as Record<string, object>)[key]!, copy) as Record<string, unknown>;
  parent[last] = value;
  return JSON.stringify(copy);
}

test.each<[string, unknown, string]>([
  ['account', 'prod', 'must have an account of twelve digits or none, got "prod"'],
  ['region', '', 'must have text in region, got ""'],
  ['asOf', '2027-01-01', 'must have an instant in asOf, got "2027-01-01"'],
  ['deployWindowSeconds', '900', 'must have whole seconds in deployWindowSeconds, got "900"'],
  ['target', null, 'must have a target, got null'],
  ['target.dimension', 7, 'must have text in target.dimension, got 7'],
  ['target.min', 1601, 'must have whole numbers with min at most max in target, got 1601 and 1600'],
  ['target.min', -1, 'must have whole numbers'],
  ['target.coveredUntil', null, 'must have an instant in target.coveredUntil, got null'],
  ['target.actions', {}, 'must have a list in target.actions'],
  ['target.actions.1.min', '850', 'has an action that is none: {"name":"floor-20270101T1005Z"'],
  ['target.actions.1.at', 'soon', 'has an action that is none'],
  ['target.actions', PLAN.target.actions.toReversed(), 'has an action out of order: {"name":"floor-20270102T2000Z"'],
  ['target.windows', undefined, 'must have a list in target.windows'],
  ['target.windows.0.givingBackAt', 0, 'has a window that is none: {"releases"'],
])('half a plan is none: %s %j', (place, value, message) => {
  const problem = readGuardPlan(broken(place, value));
  expect(isProblem(problem) && problem.message).toContain(message);
  expect(isProblem(problem) && problem.message).toContain('; mend: ');
});
