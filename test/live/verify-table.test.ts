import { known, unknown } from '../../lib/live/facts';
import { renderChanges, renderVerification } from '../../lib/report/verify-table';
import { judgeNight } from './night';

const plain = (_: string, text: string): string => text;
const denied = unknown({ kind: 'permission', message: 'AccessDenied: not you', mend: 'allow ecr:DescribeImages' });

test('a no-go is a sentence, and a line for each check with its mend', () => {
  const verification = judgeNight({ target: { healthy: known(312), images: denied } });
  expect(renderVerification(verification, plain)).toMatchInlineSnapshot(`
   "no-go: prod is not ready for night (2026-12-04 19:00 UTC, in 20 min); no-go: healthy; unknown: image

   go       account                                123456789012
   go       stacks                                 UPDATE_COMPLETE, UPDATE_COMPLETE, UPDATE_COMPLETE
   go       release                                night is confirmed, premiere 2026-12-04T19:00:00Z
   go       plan                                   calendar sha256:3e4b279914f3 by 0.1.0, as of 2026-12-01T00:00:00Z, covered until 2027-03-01T00:00:00Z
   go       target                                 minimum 500, maximum 1,600, scale-in suspended
   go       actions                                all of them, and no others
   no-go    healthy                                312 healthy tasks
                                                   expected: at least 500 healthy tasks
                                                   mend: see why they do not start or get healthy: aws ecs describe-services --cluster cluster --services service --query 'services[0].events[:10]' --region us-east-1
   go       guard                                  the function is Active, prescale-prod-us-east-1-playback-GuardFailed is OK
   go       overrides                              none
   go       drill                                  night: passed, 500 healthy after 300 s, at 2026-12-03T18:56:00Z
   unknown  image                                  AccessDenied: not you
                                                   expected: the image of the service is in ECR
                                                   mend: allow ecr:DescribeImages
   go       addresses                              free addresses: 1,000 in a, 1,000 in b, 1,000 in c
   go       quota/fargate/L-3032A538               2,200 is granted, 2,200 needed: Fargate vCPU with a rolling deploy
   go       quota/fargate/L-551A4E9D               9 is granted, 9 needed: task launches per second, sustained
   go       quota/fargate/L-6BAD92DD               nothing is needed: task launches at once
   go       quota/elasticloadbalancing/L-7E6692B2  550 is granted, 550 needed: targets of one load balancer with a rolling deploy
   go       quota/elasticloadbalancing/L-A0D0B863  550 is granted, 550 needed: targets of one target group with a rolling deploy
   go       quota/vpc/L-DF5E4CA3                   550 is granted, 550 needed: network interfaces with a rolling deploy
   go       quota/cloudfront/L-A2C80159            68,000 is granted, 68,000 needed: requests per second of one distribution
   go       quota/ecs/tasks-per-service            500 is fixed, 500 needed: tasks of one service
   go       quota/dynamodb/L-CF0CBE56              12,000 is granted, 12,000 needed: read units per second of one table
   go       quota/dynamodb/L-AB614373              35,000 is granted, 35,000 needed: write units per second of one table
   go       alarms                                 2 alarms, and somebody hears each
   "
  `);
});

test('says what is ready, and what cannot be told', () => {
  const sentences = [
    judgeNight({ now: '2026-12-02T12:00:00Z' }),
    judgeNight({ now: '2026-12-06T12:00:00Z' }),
    judgeNight({ target: { images: denied } }),
  ].map((verification) => renderVerification(verification, plain).split('\n')[0]);
  expect(sentences).toMatchInlineSnapshot(`
   [
     "go: prod is ready for night (2026-12-04 19:00 UTC, in 2 d 7 h); all 23 checks are go",
     "go: prod is ready, and no release is coming; all 23 checks are go",
     "unknown: whether prod is ready for night (2026-12-04 19:00 UTC, in 20 min) cannot be told; unknown: image",
   ]
  `);
});

test('one trouble is told once', () => {
  const text = renderVerification(judgeNight({ target: { images: denied, healthy: denied } }), plain);
  const unknowns = text.split('\n').filter((line) => /^unknown {2}|mend: /.test(line));
  expect(unknowns.map((line) => line.trim().replaceAll(/ {2,}/g, '  '))).toEqual([
    'unknown  healthy  AccessDenied: not you',
    'mend: allow ecr:DescribeImages',
    'unknown  image  as healthy',
  ]);
});

test('paints the verdicts', () => {
  const painted = renderVerification(judgeNight(), (verdict, text) => `<${verdict} ${text.trim()}>`);
  expect(painted.split('\n').slice(0, 3)).toEqual([
    expect.stringMatching(/^<go go:> prod is ready/),
    '',
    expect.stringMatching(/^<go go> {2}account /),
  ]);
});

test('several targets are told apart', () => {
  const verification = judgeNight();
  const checks = verification.checks.flatMap((check) =>
    check.target === null ? [check] : [check, { ...check, target: 'us-east-1/sign-in' }],
  );
  const text = renderVerification({ ...verification, checks }, plain);
  expect(text).toMatch(/^go {7}healthy us-east-1\/playback +500 healthy tasks$/m);
  expect(text).toMatch(/^go {7}healthy us-east-1\/sign-in +500 healthy tasks$/m);
});

describe('changes', () => {
  const go = judgeNight();
  const low = judgeNight({ target: { healthy: known(312) } });
  const lower = judgeNight({ target: { healthy: known(311) } });
  const lost = judgeNight({ target: { images: denied, drills: denied, healthy: known(311) } });

  test('of the first look are what is not go', () => {
    expect(renderChanges(go, undefined, plain)).toBe(
      `2026-12-04 18:40:00 UTC  go       all ${go.checks.length} checks\n`,
    );
    expect(renderChanges(low, undefined, plain)).toMatch(
      /^2026-12-04 18:40:00 UTC {2}no-go {4}healthy: 312 healthy tasks; expected: at least 500 healthy tasks; mend: see why .*\n$/,
    );
  });

  test('are quiet while no verdict changes, whatever the figures do', () => {
    expect(renderChanges(lower, low, plain)).toBe('');
    expect(renderChanges(go, go, plain)).toBe('');
  });

  test('have a line for each reason, and say what is go again', () => {
    expect(renderChanges(lost, low, plain)).toBe(
      '2026-12-04 18:40:00 UTC  unknown  drill and image: AccessDenied: not you; mend: allow ecr:DescribeImages\n',
    );
    expect(renderChanges(low, lost, plain)).toBe('2026-12-04 18:40:00 UTC  go       drill and image\n');
    expect(renderChanges(go, low, plain)).toBe(`2026-12-04 18:40:00 UTC  go       all ${go.checks.length} checks\n`);
  });
});
