import { nightly, type NightlyInput } from '../../.github/scripts/nightly';
import { review } from '../../.github/scripts/review';
import { fenced, type Ran, type RunCommand } from '../../.github/scripts/run-command';
import { judgeNight } from '../live/night';

/** Answers commands by the words that they hold, in order; the last answer of a list is given again. */
function fake(answers: Readonly<Record<string, Partial<Ran> | readonly Partial<Ran>[]>>): {
  run: RunCommand;
  ran: string[];
} {
  const ran: string[] = [];
  const run: RunCommand = (command, args) => {
    const line = [command, ...args].join(' ').replace('npm run -s prescale -- ', '');
    const [key, answer] = Object.entries(answers).find(([words]) => line.startsWith(words)) ?? [];
    if (answer === undefined) throw new Error(`nobody expected ${line}`);
    const list = [answer].flat();
    const earlier = ran.filter((other) => other.startsWith(key!)).length;
    ran.push(line);
    return Promise.resolve({ code: 0, out: '', err: '', ...list[Math.min(earlier, list.length - 1)] });
  };
  return { run, ran };
}

describe('the comment of a pull request', () => {
  const CHECK = { out: 'release-calendar: 12 releases, 0 errors\n' };
  const REHEARSED = { out: 'prod: no outage in 200 nights\n' };
  const DIFF = { out: '**Fine:** the floor rises\n' };

  test('begins with the verdict of the comparison; the rest is folded', async () => {
    const { run, ran } = fake({ 'check --env prod --rehearse': REHEARSED, check: CHECK, diff: DIFF });
    expect(await review(run, 'origin/main', 'prod')).toMatchInlineSnapshot(`
     {
       "markdown": "**Fine:** the floor rises

     <details><summary>check</summary>

     \`\`\`text
     release-calendar: 12 releases, 0 errors
     \`\`\`

     </details>

     <details><summary>the rehearsal of prod</summary>

     \`\`\`text
     prod: no outage in 200 nights
     \`\`\`

     </details>
     ",
       "ok": true,
     }
    `);
    expect(ran).toEqual(['check', 'check --env prod --rehearse', 'diff --base origin/main --format markdown']);
  });

  test('has the comparison also when a deploy would be refused, and rehearses nothing then', async () => {
    const { run, ran } = fake({
      check: { code: 1, err: 'release-calendar/a.yaml:3:5: unknown key\n' },
      diff: { code: 1, out: '**1 error**\n', err: 'unknown key\n' },
    });
    const { ok, markdown } = await review(run, 'origin/main', 'prod', true);
    expect(ok).toBe(false);
    expect(markdown).toMatch(
      /^\*\*1 error\*\*\n[^]*\*\*A deploy would be refused:\*\* `check` ends with 1\.\n\n```text\nrelease-calendar/,
    );
    expect(ran).toEqual(['check', 'diff --base origin/main --format markdown --accept-lower']);
  });

  test('fails by the comparison alone, too, and shows what it says', async () => {
    const { run } = fake({
      'check --env prod --rehearse': REHEARSED,
      check: CHECK,
      diff: { code: 1, out: '**No:** a floor that is live falls\n', err: 'prod: the floor falls\n' },
    });
    const { ok, markdown } = await review(run, 'origin/main', 'prod');
    expect(ok).toBe(false);
    expect(markdown).toMatch(
      /^\*\*No:\*\* a floor that is live falls\n\n`diff` ends with 1\.\n\n```text\nprod: the floor falls\n/,
    );
  });

  test('fails by a rehearsal that passes the outage budget', async () => {
    const { run } = fake({
      'check --env prod --rehearse': { code: 1, err: 'an outage in 9 of 200 nights\n' },
      check: CHECK,
      diff: DIFF,
    });
    const { ok, markdown } = await review(run, 'origin/main', 'prod');
    expect(ok).toBe(false);
    expect(markdown).toContain('**The rehearsal of prod does not pass:**');
  });

  test('nothing in a calendar ends the block in which it is shown', () => {
    expect(fenced('title: "```` <!-- x -->"')).toBe('`````text\ntitle: "```` <!-- x -->"\n`````\n');
  });
});

describe('the nightly', () => {
  const NOW = new Date('2026-12-27T07:23:00Z');
  /** As verify says it. */
  const HELD = judgeNight().checks.find(({ id }) => id === 'plan')!;
  const FOREIGN = { ...HELD, found: HELD.found.replace(/sha256:[0-9a-f]+/, 'sha256:bbbbbbbbbbbb') };
  const GO = { out: JSON.stringify({ verdict: 'go', checks: [HELD] }) };
  const BAD_CHECK = {
    id: 'healthy',
    verdict: 'no-go',
    expected: 'at least 500 healthy tasks',
    found: '312 healthy tasks',
    mend: 'see why they do not start',
  };
  const NO_GO = { code: 1, out: JSON.stringify({ verdict: 'no-go', checks: [HELD, BAD_CHECK] }) };
  const window = (release: string, risingAt: string, endsAt: string, drill = false) => ({
    releases: [release],
    drill,
    risingAt,
    endsAt,
  });
  const PLAN = {
    out: JSON.stringify({
      environments: [
        {
          targets: [
            {
              windows: [
                window('over', '2026-12-25T23:00:00Z', '2026-12-26T09:00:00Z'),
                window('open', '2026-12-26T23:00:00Z', '2026-12-27T09:00:00Z'),
                window('the-finale', '2026-12-30T23:55:00Z', '2026-12-31T00:20:00Z', true),
                window('the-finale', '2026-12-31T23:55:00Z', '2027-01-01T05:05:00Z'),
                window('in-a-week', '2027-01-03T07:23:00Z', '2027-01-03T09:00:00Z'),
              ],
            },
          ],
        },
      ],
    }),
  };
  const DEPLOY = '.github/scripts/deploy prod capacity';

  function input(run: RunCommand, verifyOnly = false): NightlyInput & { pauses: number } {
    const made = {
      environment: 'prod',
      verifyOnly,
      run,
      now: NOW,
      pauses: 0,
      pause: () => {
        made.pauses += 1;
        return Promise.resolve();
      },
    };
    return made;
  }

  test('deploys Capacity alone, then verifies what opens within seven days, and the quotas', async () => {
    const { run, ran } = fake({ verify: GO, [DEPLOY]: {}, plan: PLAN, quotas: {} });
    expect(await nightly(input(run))).toMatchInlineSnapshot(`
     {
       "markdown": "prod is a go for the coming week.

     The horizon was rolled on.
     - go: open
     - go: the-finale
     ",
       "ok": true,
     }
    `);
    expect(ran).toEqual([
      'verify --env prod --json',
      DEPLOY,
      'plan --env prod --json',
      'verify --env prod --release open --json',
      'verify --env prod --release the-finale --json',
      'quotas --env prod',
    ]);
  });

  test('does not undo what somebody deployed by hand', async () => {
    const foreign = { out: JSON.stringify({ verdict: 'no-go', checks: [FOREIGN] }) };
    const { run, ran } = fake({ verify: [foreign, GO], plan: PLAN, quotas: {} });
    const { ok, markdown } = await nightly(input(run));
    expect(ok).toBe(false);
    expect(markdown).toContain('**Not deployed:** prod holds sha256:bbbbbbbbbbbb');
    expect(ran).not.toContain(DEPLOY);
  });

  test.each([
    [
      'nothing is deployed',
      { code: 1, out: JSON.stringify({ verdict: 'no-go', checks: [{ ...HELD, found: 'no plan is deployed' }] }) },
    ],
    ['the account cannot be read', { code: 1, out: JSON.stringify({ verdict: 'unknown', checks: [] }) }],
    ['verify itself fails', { code: 3 }],
  ])('does not deploy when %s', async (_, seen) => {
    const { run, ran } = fake({ verify: seen, plan: PLAN, quotas: {} });
    const { ok, markdown } = await nightly(input(run));
    expect(ok).toBe(false);
    expect(markdown).toContain('it cannot be told which calendar prod holds');
    expect(ran).not.toContain(DEPLOY);
  });

  test('looks again while it is no go, and then says what is missing', async () => {
    const { run } = fake({ 'verify --env prod --json': GO, verify: NO_GO, [DEPLOY]: {}, plan: PLAN, quotas: {} });
    const night = input(run);
    expect(await nightly(night)).toMatchInlineSnapshot(`
     {
       "markdown": "**prod is no go for the coming week.**

     The horizon was rolled on.
     - **no-go**: open
       - no-go \`healthy\`: 312 healthy tasks; expected: at least 500 healthy tasks; mend: see why they do not start
     - **no-go**: the-finale
       - no-go \`healthy\`: 312 healthy tasks; expected: at least 500 healthy tasks; mend: see why they do not start
     ",
       "ok": false,
     }
    `);
    // Ten minutes for the two releases together.
    expect(night.pauses).toBe(10);
  });

  test('takes what becomes a go for a go', async () => {
    const { run } = fake({ verify: [GO, NO_GO, GO], [DEPLOY]: {}, plan: PLAN, quotas: {} });
    const night = input(run);
    expect((await nightly(night)).ok).toBe(true);
    expect(night.pauses).toBe(1);
  });

  test('verifies even when the deploy failed, and a week without releases', async () => {
    const { run, ran } = fake({
      verify: GO,
      [DEPLOY]: { code: 1, err: 'deploy/plan-stale\n' },
      plan: { out: '{"environments":[{"targets":[{"windows":[]}]}]}' },
      quotas: {},
    });
    const { ok, markdown } = await nightly(input(run));
    expect(ok).toBe(false);
    expect(markdown).toContain('**The deploy of Capacity failed:**\n\n```text\ndeploy/plan-stale\n```');
    expect(ran.filter((line) => line.startsWith('verify'))).toEqual([
      'verify --env prod --json',
      'verify --env prod --json',
    ]);
  });

  test('is no go when a quota is short', async () => {
    const { run } = fake({ verify: GO, [DEPLOY]: {}, plan: PLAN, quotas: { code: 1, out: 'Fargate vCPU short\n' } });
    expect(await nightly(input(run))).toMatchObject({
      ok: false,
      markdown: expect.stringContaining('Fargate vCPU short'),
    });
  });

  test('with --verify-only changes nothing and looks once', async () => {
    const { run, ran } = fake({ verify: NO_GO, plan: PLAN, quotas: {} });
    const night = input(run, true);
    expect((await nightly(night)).ok).toBe(false);
    expect(night.pauses).toBe(0);
    expect(ran[0]).toBe('plan --env prod --json');
  });
});
