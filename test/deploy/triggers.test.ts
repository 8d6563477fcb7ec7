import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { join } from 'node:path';
import {
  type CommandResult,
  describeDeploys,
  type Invocation,
  type LocalAccount,
  startLocalAccount,
} from './local-account';

const APP = `${process.execPath} --import tsx ${join(__dirname, 'fixtures', 'trigger-app.ts')}`;
const TARGET = { region: 'us-east-1', resourceId: 'service/steps/web' };
const NOW = '2026-12-01T00:00:00Z';

/** A line for each run: which step it was, what it saw or why it failed. */
const summary = ({ function: name, result, error }: Invocation): string => {
  const which = name.includes('First') ? 'first' : 'last';
  if (error) return `${which}: ${error.errorType}: ${error.errorMessage}`;
  const { step, status, minimum } = result as { step: string; status: string; minimum: number | null };
  return `${which} ${step}: ${status}, minimum ${minimum}`;
};

describeDeploys('a Trigger in the local account', () => {
  let account: LocalAccount;

  beforeEach(async () => {
    account = await startLocalAccount();
    await account.tick(NOW);
    await account.bootstrap('us-east-1');
  });
  afterEach(() => account.stop());

  const deploy = (context: Record<string, string> = {}): Promise<CommandResult> =>
    account.deploy('Steps', { app: APP, context });
  const status = async (): Promise<string> => {
    const client = new CloudFormationClient(account.client());
    return (await client.send(new DescribeStacksCommand({ StackName: 'Steps' }))).Stacks![0]!.StackStatus!;
  };

  test('runs around the target, with the stack and the clock of the account, again only when its function changes', async () => {
    expect(await deploy()).toMatchObject({ exitCode: 0 });
    expect(await deploy({ step: '2' })).toMatchObject({ exitCode: 0 });
    const invocations = await account.invocations();
    expect(invocations.map(summary)).toEqual([
      'first 1: CREATE_IN_PROGRESS, minimum null',
      'last 1: CREATE_IN_PROGRESS, minimum 10',
      'first 2: UPDATE_IN_PROGRESS, minimum 10',
      'last 2: UPDATE_IN_PROGRESS, minimum 20',
    ]);
    expect(invocations[2]).toMatchObject({
      version: '2',
      result: { now: NOW.slice(0, 16), event: {}, version: '2' },
      logs: expect.stringContaining('step 2 looks at the stack'),
    });
    // Another grant changes the template, and no function.
    expect(await deploy({ step: '2', grants: 'cloudformation:*,application-autoscaling:*' })).toMatchObject({
      exitCode: 0,
    });
    expect(await account.invocations()).toHaveLength(4);
    expect(await account.gaps()).toEqual([]);
  });

  test('fails the deploy before the target is touched, and the old step runs in the way back', async () => {
    await deploy();
    const { exitCode, output } = await deploy({ step: '2', refuses: 'first' });
    expect(exitCode).toBe(1);
    expect(output).toContain('step 2 is refused');
    expect(await status()).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect((await account.invocations()).slice(2).map(summary)).toEqual([
      'first: RangeError: step 2 is refused',
      'first 1: UPDATE_ROLLBACK_IN_PROGRESS, minimum 10',
    ]);
    expect(await account.readTarget(TARGET)).toMatchObject({ min: 10 });
  });

  test('after the target it fails the deploy, too, and the target goes back', async () => {
    await deploy();
    expect(await deploy({ step: '2', refuses: 'last' })).toMatchObject({ exitCode: 1 });
    expect(await status()).toBe('UPDATE_ROLLBACK_COMPLETE');
    expect(await account.readTarget(TARGET)).toMatchObject({ min: 10 });
    expect((await account.invocations()).slice(2).map(summary)).toEqual([
      'first 2: UPDATE_IN_PROGRESS, minimum 10',
      'last: RangeError: step 2 is refused',
      'first 1: UPDATE_ROLLBACK_IN_PROGRESS, minimum 20',
      'last 1: UPDATE_ROLLBACK_IN_PROGRESS, minimum 10',
    ]);
  });

  test('as an event it may fail', async () => {
    expect(await deploy({ refuses: 'last', lastAs: 'Event' })).toMatchObject({ exitCode: 0 });
    expect((await account.invocations()).map(summary)).toEqual([
      'first 1: CREATE_IN_PROGRESS, minimum null',
      'last: RangeError: step 1 is refused',
    ]);
  });

  test('may do what its role allows and no more, and meets faults that others do not', async () => {
    await account.configure({ lambda_clock_skew_seconds: 90 });
    expect(await deploy({ grants: 'cloudformation:DescribeStacks' })).toMatchObject({ exitCode: 1 });
    expect((await account.invocations()).map(summary)).toEqual([
      expect.stringContaining('first: AccessDeniedException: the role of the function is not allowed'),
    ]);
    expect(await deploy()).toMatchObject({ exitCode: 0 });
    const { result } = (await account.invocations()).at(-1)!;
    expect(result).toMatchObject({ now: '2026-12-01T00:01' });
    const name = (await account.invocations()).at(-1)!.function;
    await account.failCalls({ code: 'ExpiredTokenException', caller: 'lambda' });
    expect(await account.invoke(name)).toMatchObject({ error: { errorType: expect.stringContaining('ExpiredToken') } });
    expect(await status()).toBe('CREATE_COMPLETE');
  });
});
