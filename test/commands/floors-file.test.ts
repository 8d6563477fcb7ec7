import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { renderDiagnostics } from '../../lib/calendar/render-diagnostics';
import { readFloors } from '../../lib/commands/floors-file';
import { fromIso } from '../../lib/capacity/instants';
import { floorScheduleOf } from '../../lib/rehearsal/floor-schedule';
import { environmentNamed, planFor, testStage } from '../stacks/test-app';
import { prescale } from './run';

const WANTED = { environment: 'prod', targetId: 'us-east-1/playback', dimension: 'ecs:service:DesiredCount' };

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), 'prescale-floors-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function written(content: unknown, name = 'floors.json'): string {
  const file = path.join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content, null, 1));
  return file;
}

/** What is said about a file that gives no floors. */
function outputOf(content: unknown, wanted: Partial<typeof WANTED> = {}): string {
  const { floors, diagnostics } = readFloors(written(content), { ...WANTED, ...wanted });
  expect(floors).toBeUndefined();
  for (const { severity, message, mend } of diagnostics) {
    expect(severity).toBe('error');
    expect(message).toMatch(/^[a-zA-Z[].*[^.]$/);
    expect(mend).toMatch(/^[a-z].*[^.]$/);
  }
  return renderDiagnostics(diagnostics).replaceAll(`${folder}/`, '');
}

describe('the floors of what would be deployed', () => {
  const { targets } = planFor(environmentNamed('prod'));
  const expected = floorScheduleOf(targets[0]!);

  test('are those of the plan, as seconds', () => {
    const [{ min, max, actions }] = targets as [(typeof targets)[0]];
    expect(actions.length).toBeGreaterThan(3);
    expect(expected).toEqual({
      min,
      max,
      actions: actions.map((action) => ({ at: fromIso(action.at), min: action.min, max: action.max })),
    });
  });

  test('are the same from the plan document and from the synthesized template', async () => {
    const calendar = path.join(__dirname, '..', 'fixtures', 'plans', 'overlap');
    const { out } = await prescale('plan', '--calendar', calendar, '--as-of', '2026-12-01T00:00:00Z', '--json');
    expect(readFloors(written(out, 'plan.json'), WANTED)).toEqual({ floors: expected, diagnostics: [] });

    const stage = testStage('prod');
    const { templateFullPath } = stage.synth().getStackArtifact(stage.capacity.artifactId);
    expect(readFloors(templateFullPath, WANTED)).toEqual({ floors: expected, diagnostics: [] });

    // The actions of a template stand in no order.
    const template = JSON.parse(readFileSync(templateFullPath, 'utf8'));
    const targets = Object.values(template.Resources as Record<string, { Properties?: { ScheduledActions?: [] } }>);
    for (const { Properties } of targets) Properties?.ScheduledActions?.reverse();
    expect(readFloors(written(template), WANTED)).toEqual({ floors: expected, diagnostics: [] });
  });

  test('are the baseline alone when nothing is planned', () => {
    const template = { Resources: { Target: scalableTarget({ ScheduledActions: undefined }) } };
    expect(readFloors(written(template), WANTED)).toEqual({
      floors: { min: 12, max: 160, actions: [] },
      diagnostics: [],
    });
  });

  test('are read from a template with other targets, of which none has the dimension', () => {
    const table = scalableTarget({ ScalableDimension: 'dynamodb:table:ReadCapacityUnits', ScheduledActions: 'none' });
    const template = { Resources: { Table: table, Queue: { Type: 'AWS::SQS::Queue' }, Target: scalableTarget() } };
    expect(readFloors(written(template), WANTED).floors?.actions).toHaveLength(2);
  });
});

function action(schedule: unknown, fields: object = {}, capacity: object = {}): object {
  return {
    ScheduledActionName: 'a',
    Schedule: schedule,
    ScalableTargetAction: { MinCapacity: 40, MaxCapacity: 160, ...capacity },
    ...fields,
  };
}

function scalableTarget(fields: object = {}): object {
  return {
    Type: 'AWS::ApplicationAutoScaling::ScalableTarget',
    Properties: {
      MinCapacity: 12,
      MaxCapacity: 160,
      ScalableDimension: 'ecs:service:DesiredCount',
      ScheduledActions: [action('at(2026-12-31T00:55:00)'), action('at(2026-12-31T04:00:00)', { Timezone: 'UTC' })],
      ...fields,
    },
  };
}

function templateWith(...actions: readonly object[]): object {
  return { Resources: { Target: scalableTarget({ ScheduledActions: actions }) } };
}

describe('a template that the rehearsal cannot follow is refused at the place', () => {
  test('schedules that repeat, are local or have a span', () => {
    const template = templateWith(
      action('rate(1 day)'),
      action('cron(0 18 * * ? *)', { StartTime: '2026-12-01T00:00:00Z', EndTime: '2026-12-31T00:00:00Z' }),
      action('at(2026-12-31T00:55:00)', { Timezone: 'America/Los_Angeles' }),
      action('at(2026-02-30T00:55:00)'),
      action('at(2026-12-31T00:55:00Z)'),
      action({ Ref: 'When' }),
    );
    expect(outputOf(template)).toMatchInlineSnapshot(`
     "floors.json:12:19: ScheduledActions[0].Schedule must be one instant, at(yyyy-mm-ddThh:mm:ss), got "rate(1 day)" [floors/schedule]
     12 |       "Schedule": "rate(1 day)",
        |                   ^^^^^^^^^^^^^
        = mend: write at(…) in UTC: only one-time floors in UTC are rehearsed
     floors.json:20:19: ScheduledActions[1].Schedule must be one instant, at(yyyy-mm-ddThh:mm:ss), got "cron(0 18 * * ? *)" [floors/schedule]
     20 |       "Schedule": "cron(0 18 * * ? *)",
        |                   ^^^^^^^^^^^^^^^^^^^^
        = mend: write at(…) in UTC: only one-time floors in UTC are rehearsed
     floors.json:25:20: ScheduledActions[1].StartTime must be left out, got "2026-12-01T00:00:00Z" [floors/schedule]
     25 |       "StartTime": "2026-12-01T00:00:00Z",
        |                    ^^^^^^^^^^^^^^^^^^^^^^
        = mend: write at(…) in UTC: only one-time floors in UTC are rehearsed
     floors.json:26:18: ScheduledActions[1].EndTime must be left out, got "2026-12-31T00:00:00Z" [floors/schedule]
     26 |       "EndTime": "2026-12-31T00:00:00Z"
        |                  ^^^^^^^^^^^^^^^^^^^^^^
        = mend: write at(…) in UTC: only one-time floors in UTC are rehearsed
     floors.json:35:19: ScheduledActions[2].Timezone must be UTC, or be left out, got "America/Los_Angeles" [floors/schedule]
     35 |       "Timezone": "America/Los_Angeles"
        |                   ^^^^^^^^^^^^^^^^^^^^^
        = mend: write at(…) in UTC: only one-time floors in UTC are rehearsed
     floors.json:39:19: ScheduledActions[3].Schedule must be one instant, at(yyyy-mm-ddThh:mm:ss), got "at(2026-02-30T00:55:00)" [floors/schedule]
     39 |       "Schedule": "at(2026-02-30T00:55:00)",
        |                   ^^^^^^^^^^^^^^^^^^^^^^^^^
        = mend: write at(…) in UTC: only one-time floors in UTC are rehearsed
     floors.json:47:19: ScheduledActions[4].Schedule must be one instant, at(yyyy-mm-ddThh:mm:ss), got "at(2026-12-31T00:55:00Z)" [floors/schedule]
     47 |       "Schedule": "at(2026-12-31T00:55:00Z)",
        |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^
        = mend: write at(…) in UTC: only one-time floors in UTC are rehearsed
     floors.json:55:19: ScheduledActions[5].Schedule must be one instant, at(yyyy-mm-ddThh:mm:ss), got a mapping [floors/schedule]
     55 |       "Schedule": {
        |                   ^
        = mend: write at(…) in UTC: only one-time floors in UTC are rehearsed
     "
    `);
  });

  test('capacities that are no numbers, or too few', () => {
    const template = {
      Resources: {
        Target: scalableTarget({
          MinCapacity: { Ref: 'Minimum' },
          MaxCapacity: '160',
          ScheduledActions: [
            action('at(2026-12-31T00:55:00)', {}, { MinCapacity: 1.5 }),
            action('at(2026-12-31T01:55:00)', {}, { MaxCapacity: undefined }),
            action('at(2026-12-31T02:55:00)', {}, { MinCapacity: -1 }),
            action('at(2026-12-31T03:55:00)', { ScalableTargetAction: undefined }),
          ],
        }),
      },
    };
    expect(outputOf(template)).toMatchInlineSnapshot(`
     "floors.json:6:20: MinCapacity must be a whole number of at least 0, got a mapping [floors/template]
     6 |     "MinCapacity": {
       |                    ^
       = mend: write minimum and maximum, both as plain numbers: references are not resolved here
     floors.json:9:20: MaxCapacity must be a whole number of at least 0, got "160" [floors/template]
     9 |     "MaxCapacity": "160",
       |                    ^^^^^
       = mend: write minimum and maximum, both as plain numbers: references are not resolved here
     floors.json:16:23: ScheduledActions[0].ScalableTargetAction.MinCapacity must be a whole number of at least 0, got 1.5 [floors/template]
     16 |        "MinCapacity": 1.5,
        |                       ^^^
        = mend: write minimum and maximum, both as plain numbers: references are not resolved here
     floors.json:23:31: ScheduledActions[1].ScalableTargetAction.MaxCapacity must be a whole number of at least 0, got nothing [floors/template]
     23 |       "ScalableTargetAction": {
        |                               ^
        = mend: write minimum and maximum, both as plain numbers: references are not resolved here
     floors.json:31:23: ScheduledActions[2].ScalableTargetAction.MinCapacity must be a whole number of at least 0, got -1 [floors/template]
     31 |        "MinCapacity": -1,
        |                       ^^
        = mend: write minimum and maximum, both as plain numbers: references are not resolved here
     floors.json:35:6: ScheduledActions[3].ScalableTargetAction must hold MinCapacity and MaxCapacity, got nothing [floors/template]
     35 |      {
        |      ^
        = mend: write minimum and maximum, both as plain numbers: references are not resolved here
     "
    `);
  });

  test('actions of which nobody knows which', () => {
    const template = { Resources: { Target: scalableTarget({ ScheduledActions: { 'Fn::If': ['A', [], []] } }) } };
    expect(outputOf(template)).toMatchInlineSnapshot(`
     "floors.json:9:25: ScheduledActions must be a list of actions, got a mapping [floors/template]
     9 |     "ScheduledActions": {
       |                         ^
       = mend: write the list of actions itself: conditions are not resolved here
     "
    `);
  });

  test('two actions at one instant, and a minimum above the maximum', () => {
    const template = templateWith(
      action('at(2026-12-31T00:55:00)'),
      action('at(2026-12-31T00:55:00)', {}, { MinCapacity: 1161 }),
    );
    expect(outputOf(template)).toMatchInlineSnapshot(`
     "floors.json:20:19: there is another action at 2026-12-31T00:55:00Z, and nobody knows which would be the last [floors/same-instant]
     20 |       "Schedule": "at(2026-12-31T00:55:00)",
        |                   ^^^^^^^^^^^^^^^^^^^^^^^^^
        = mend: keep one of them
     floors.json:22:23: the minimum must be at most the maximum, got 1,161 and 160 [floors/bounds]
     22 |        "MinCapacity": 1161,
        |                       ^^^^
        = mend: lower the minimum, or raise the maximum in all actions
     "
    `);
  });

  test('several targets, or none', () => {
    const several = { Resources: { Playback: scalableTarget(), Search: scalableTarget() } };
    expect(outputOf(several)).toMatchInlineSnapshot(`
     "floors.json:30:3: the template has 2 scalable targets of ecs:service:DesiredCount: Playback and Search [floors/several-targets]
     30 |   "Search": {
        |   ^^^^^^^^
        = mend: name the output of "prescale plan --json" instead, which says whose floors they are
     "
    `);
    expect(outputOf(several, { dimension: 'lambda:function:ProvisionedConcurrency' })).toMatchInlineSnapshot(`
     "floors.json:2:2: the template has no scalable target of lambda:function:ProvisionedConcurrency, it has Playback of "ecs:service:DesiredCount" and Search of "ecs:service:DesiredCount" [floors/no-target]
     2 |  "Resources": {
       |  ^^^^^^^^^^^
       = mend: name the template of the stack that attaches the floors: Capacity, or your own
     "
    `);
    expect(outputOf({ Resources: { Queue: { Type: 'AWS::SQS::Queue' } } })).toMatchInlineSnapshot(`
     "floors.json:2:2: the template has no scalable target of ecs:service:DesiredCount, it has none [floors/no-target]
     2 |  "Resources": {
       |  ^^^^^^^^^^^
       = mend: name the template of the stack that attaches the floors: Capacity, or your own
     "
    `);
  });
});

describe('a plan document that the rehearsal cannot follow is refused at the place', () => {
  const target = {
    id: 'us-east-1/playback',
    dimension: 'ecs:service:DesiredCount',
    min: 12,
    max: 160,
    actions: [{ at: '2026-12-31T00:55:00Z', min: 40, max: 160 }],
  };

  function planWith(fields: object, name = 'prod'): object {
    return { schemaVersion: 1, environments: [{ name, targets: [{ ...target, ...fields }] }] };
  }

  test('another environment, target or dimension', () => {
    expect(outputOf(planWith({}, 'staging'))).toMatchInlineSnapshot(`
     "floors.json:3:2: the plan has no environment "prod", it has staging [floors/no-environment]
     3 |  "environments": [
       |  ^^^^^^^^^^^^^^
       = mend: plan it, too: prescale plan --env prod --json
     "
    `);
    expect(outputOf(planWith({ id: 'eu-west-1/search' }))).toMatchInlineSnapshot(`
     "floors.json:6:4: the plan of prod has no target "us-east-1/playback", it has eu-west-1/search [floors/no-target]
     6 |    "targets": [
       |    ^^^^^^^^^
       = mend: plan the environment as it is now: prescale plan --json
     "
    `);
    expect(outputOf(planWith({ dimension: 'dynamodb:table:ReadCapacityUnits' }))).toMatchInlineSnapshot(`
     "floors.json:9:19: dimension must be ecs:service:DesiredCount, got "dynamodb:table:ReadCapacityUnits" [floors/plan]
     9 |      "dimension": "dynamodb:table:ReadCapacityUnits",
       |                   ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       = mend: name the output of "prescale plan --json" of this version, as it was printed
     "
    `);
    expect(outputOf({ schemaVersion: 1, environments: [] })).toMatchInlineSnapshot(`
     "floors.json:3:2: the plan has no environment "prod", it has none [floors/no-environment]
     3 |  "environments": []
       |  ^^^^^^^^^^^^^^
       = mend: plan it, too: prescale plan --env prod --json
     "
    `);
  });

  test('values that are none, in any environment', () => {
    const actions = [
      { at: '2026-12-31T00:55:00', min: 40, max: 160 },
      { at: '2026-02-30T00:55:00Z', min: 40 },
    ];
    expect(outputOf(planWith({ min: -1, max: null, actions }, 'dev'))).toMatchInlineSnapshot(`
     "floors.json:10:13: environments[0].targets[0].min must be a whole number of at least 0, got -1 [floors/plan]
     10 |      "min": -1,
        |             ^^
        = mend: name the output of "prescale plan --json" of this version, as it was printed
     floors.json:11:13: environments[0].targets[0].max must be a whole number of at least 0, got nothing [floors/plan]
     11 |      "max": null,
        |             ^^^^
        = mend: name the output of "prescale plan --json" of this version, as it was printed
     floors.json:14:14: environments[0].targets[0].actions[0].at must be an instant in UTC such as 2026-01-01T00:00:00Z, got "2026-12-31T00:55:00" [floors/plan]
     14 |        "at": "2026-12-31T00:55:00",
        |              ^^^^^^^^^^^^^^^^^^^^^
        = mend: name the output of "prescale plan --json" of this version, as it was printed
     floors.json:18:7: environments[0].targets[0].actions[1].max must be a whole number of at least 0, got nothing [floors/plan]
     18 |       {
        |       ^
        = mend: name the output of "prescale plan --json" of this version, as it was printed
     floors.json:19:14: environments[0].targets[0].actions[1].at must be an instant in UTC such as 2026-01-01T00:00:00Z, got "2026-02-30T00:55:00Z" [floors/plan]
     19 |        "at": "2026-02-30T00:55:00Z",
        |              ^^^^^^^^^^^^^^^^^^^^^^
        = mend: name the output of "prescale plan --json" of this version, as it was printed
     "
    `);
    expect(outputOf({ schemaVersion: 2, environments: [null, { name: 'prod' }] })).toMatchInlineSnapshot(`
     "floors.json:2:19: schemaVersion must be 1, got 2 [floors/plan]
     2 |  "schemaVersion": 2,
       |                   ^
       = mend: name the output of "prescale plan --json" of this version, as it was printed
     floors.json:4:3: environments[0] must be the plan of an environment, got nothing [floors/plan]
     4 |   null,
       |   ^^^^
       = mend: name the output of "prescale plan --json" of this version, as it was printed
     floors.json:5:3: environments[1].targets must be a list of targets, got nothing [floors/plan]
     5 |   {
       |   ^
       = mend: name the output of "prescale plan --json" of this version, as it was printed
     "
    `);
  });

  test('two actions at one instant, and a minimum above the maximum', () => {
    const actions = [target.actions[0], target.actions[0]];
    expect(outputOf(planWith({ min: 161, actions }))).toMatchInlineSnapshot(`
     "floors.json:10:13: the minimum must be at most the maximum, got 161 and 160 [floors/bounds]
     10 |      "min": 161,
        |             ^^^
        = mend: lower the minimum, or raise the maximum in all actions
     floors.json:19:14: there is another action at 2026-12-31T00:55:00Z, and nobody knows which would be the last [floors/same-instant]
     19 |        "at": "2026-12-31T00:55:00Z",
        |              ^^^^^^^^^^^^^^^^^^^^^^
        = mend: keep one of them
     "
    `);
  });

  test('what prescale prints when the calendar has errors', async () => {
    const calendar = path.join(__dirname, '..', 'fixtures', 'plans', 'broken');
    const { out } = await prescale('plan', '--calendar', calendar, '--json');
    expect(outputOf(out)).toMatchInlineSnapshot(`
     "floors.json: the document holds no plan, only what is wrong with the calendar [floors/no-plan]
        = mend: run "prescale check", mend the calendar, and plan again
     "
    `);
  });
});

describe('a file that is something else', () => {
  test.each([
    ['a table', 'prod as of 2026-12-01 00:00 UTC\n', 'the file is not JSON'],
    ['nothing', '', 'the file is not JSON'],
    ['a list', '[]', 'the file is neither a plan nor a template, got an empty list'],
    ['a number', '5', 'the file is neither a plan nor a template, got 5'],
    ['a mapping', '{"a": 1}', 'the file is neither a plan nor a template, got a mapping'],
    ['bytes', '\0', 'the file is not text in UTF-8'],
  ])('%s', (_, content, message) => {
    expect(outputOf(content)).toMatch(
      new RegExp(`^floors\\.json: ${message} \\[floors/[a-z-]+\\]\n   = mend: name the output of`),
    );
  });

  test('nothing by that name, or a folder', () => {
    expect(readFloors(path.join(folder, 'gone.json'), WANTED).diagnostics[0]?.message).toBe('the file does not exist');
    expect(readFloors(path.join(written('{}'), 'x'), WANTED).diagnostics[0]?.message).toBe('the file does not exist');
    expect(readFloors(folder, WANTED).diagnostics[0]?.message).toBe('this is a folder');
  });

  test('any JSON gives floors or an error, and nothing throws', () => {
    const keys = ['Resources', 'environments', 'schemaVersion', 'Type', 'Properties', 'ScheduledActions', 'targets'];
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.constantFrom<unknown>(null, 1, 'prod', 'AWS::ApplicationAutoScaling::ScalableTarget', WANTED.dimension),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.dictionary(fc.oneof(fc.constantFrom(...keys), fc.string()), tie('value'), { maxKeys: 4 }),
      ),
    }));
    const template = fc.record({
      Resources: fc.dictionary(
        fc.string(),
        fc.record({
          Type: fc.constant('AWS::ApplicationAutoScaling::ScalableTarget'),
          Properties: fc.oneof(
            value,
            fc.record({ ScalableDimension: fc.constant(WANTED.dimension), MinCapacity: value }),
          ),
        }),
        { maxKeys: 2 },
      ),
    });
    fc.assert(
      fc.property(fc.oneof(value, template), (document) => {
        const { floors, diagnostics } = readFloors(written(document), WANTED);
        expect(floors === undefined).toBe(diagnostics.length > 0);
        renderDiagnostics(diagnostics);
      }),
    );
  });
});
