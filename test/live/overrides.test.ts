import { SSMClient } from '@aws-sdk/client-ssm';
import type { Override } from '../../lib/capacity/override';
import { findAttached } from '../../lib/live/attached';
import type { LiveClients } from '../../lib/live/clients';
import { invokeGuard } from '../../lib/live/effect';
import { deleteOverride, readOverrides, replaceOverride, writeOverride } from '../../lib/live/overrides';

const OWNER = { environment: 'prod', target: 'us-east-1/playback' };
const PATH = '/prescale/prod/us-east-1/playback/overrides';

const RAISE: Override = {
  schemaVersion: 1,
  id: '20261202T1300Z-raise-k3v9',
  kind: 'raise',
  from: '2026-12-02T13:00:00Z',
  until: '2026-12-02T14:00:00Z',
  min: 1200,
  who: 'arn:aws:iam::123456789012:user/anna',
  why: 'the trailer went viral',
};

/** An error as a service answers with it. */
function fault(name: string, message: string): Error {
  return Object.assign(new Error(message), { name, $fault: 'client' });
}

interface Sent {
  readonly constructor: { readonly name: string };
  readonly input: object;
}

/** A client that answers in the order of the answers; what it was asked is kept. */
function client(...answers: readonly unknown[]): { asked: [name: string, input: object][]; clients: LiveClients } {
  const asked: [string, object][] = [];
  const send = (command: Sent): Promise<unknown> => {
    const answer = answers[asked.length];
    // The SDK writes the next page's token into the same object.
    asked.push([command.constructor.name, { ...command.input }]);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer ?? {});
  };
  // The SDK pages through clients of its own classes alone.
  const parameters = Object.assign(new SSMClient({ region: 'us-east-1' }), { send });
  const one = { send };
  return {
    asked,
    clients: { region: 'us-east-1', parameters, stacks: one, guard: one } as unknown as LiveClients,
  };
}

describe('records of overrides', () => {
  test('are read page by page, in the order in which they were made; what is none is told', async () => {
    const later = { ...RAISE, id: '20261202T1301Z-raise-a000' };
    const { clients, asked } = client(
      { Parameters: [{ Name: `${PATH}/${later.id}`, Value: JSON.stringify(later) }], NextToken: 'more' },
      {
        Parameters: [
          { Name: `${PATH}/note`, Value: 'call Anna' },
          { Name: `${PATH}/${RAISE.id}`, Value: JSON.stringify(RAISE) },
        ],
      },
    );
    expect(await readOverrides(clients, OWNER)).toEqual({
      overrides: [RAISE, later],
      unreadable: [{ name: `${PATH}/note`, problem: 'is no JSON, it begins with "call Anna"' }],
    });
    expect(asked).toEqual([
      ['GetParametersByPathCommand', { Path: PATH }],
      ['GetParametersByPathCommand', { Path: PATH, NextToken: 'more' }],
    ]);
  });

  test('are never written over one another, but for one that is cut short', async () => {
    const { clients, asked } = client();
    expect(await writeOverride(clients, OWNER, RAISE)).toBeUndefined();
    expect(await replaceOverride(clients, OWNER, RAISE)).toBeUndefined();
    const put = { Name: `${PATH}/${RAISE.id}`, Type: 'String', Value: JSON.stringify(RAISE) };
    expect(asked).toEqual([
      ['PutParameterCommand', { ...put, Overwrite: false }],
      ['PutParameterCommand', { ...put, Overwrite: true }],
    ]);
  });

  test('are deleted, also by whoever comes second', async () => {
    const { clients, asked } = client({}, fault('ParameterNotFound', 'gone'));
    expect(await deleteOverride(clients, OWNER, RAISE)).toBeUndefined();
    expect(await deleteOverride(clients, OWNER, RAISE)).toBeUndefined();
    expect(asked[1]).toEqual(['DeleteParameterCommand', { Name: `${PATH}/${RAISE.id}` }]);
  });

  test.each([
    ['ExpiredTokenException', 'credentials'],
    ['AccessDeniedException', 'permission'],
    ['ThrottlingException', 'throttled'],
    ['ParameterAlreadyExists', 'refused'],
  ])('cannot be written or read because of %s: trouble of the kind %s', async (name, kind) => {
    const trouble = { kind, message: expect.stringContaining(name), mend: expect.any(String) };
    const error = fault(name, 'no');
    expect(await writeOverride(client(error).clients, OWNER, RAISE)).toEqual(trouble);
    expect(await readOverrides(client(error).clients, OWNER)).toEqual(trouble);
    expect(await deleteOverride(client(error).clients, OWNER, RAISE)).toEqual(trouble);
  });

  test.each(['ParameterAlreadyExists', 'ParameterAlreadyExistsException'])(
    'count as written when a lost answer has the SDK meet its own: %s',
    async (name) => {
      const exists = fault(name, 'it is there');
      const own = client(exists, { Parameter: { Value: JSON.stringify(RAISE) } });
      expect(await writeOverride(own.clients, OWNER, RAISE)).toBeUndefined();
      expect(own.asked[1]).toEqual(['GetParameterCommand', { Name: `${PATH}/${RAISE.id}` }]);
      const others = client(exists, { Parameter: { Value: JSON.stringify({ ...RAISE, min: 1 }) } });
      expect(await writeOverride(others.clients, OWNER, RAISE)).toMatchObject({ kind: 'refused' });
      const denied = client(exists, fault('AccessDeniedException', 'no'));
      expect(await writeOverride(denied.clients, OWNER, RAISE)).toMatchObject({
        kind: 'network',
        message: expect.stringContaining('an answer was lost'),
      });
    },
  );

  test('and a mistake of ours is no trouble of AWS', async () => {
    const error = new TypeError('x is not a function');
    await expect(writeOverride(client(error).clients, OWNER, RAISE)).rejects.toBe(error);
  });
});

describe('the floors that a stack attaches', () => {
  const attached = {
    prescale: 1,
    environment: 'prod',
    target: 'us-east-1/playback',
    resourceId: 'service/media/playback',
    asOf: '2026-12-02T12:00:00Z',
    calendarDigest: 'sha256:1',
    toolVersion: '0.1.0',
    guardFunction: 'guard',
  };

  test('are read from every output of theirs, and from no other', async () => {
    const search = { ...attached, target: 'us-east-1/search' };
    const outputs = {
      Other: 'x',
      FloorsAttachedFloorsAB12: JSON.stringify(attached),
      SearchAttachedFloorsCD34: JSON.stringify(search),
      OldAttachedFloors: JSON.stringify({ ...attached, prescale: 2 }),
      PlanAsOf: attached.asOf,
    };
    const Outputs = Object.entries(outputs).map(([OutputKey, OutputValue]) => ({ OutputKey, OutputValue }));
    expect(await findAttached(client({ Stacks: [{ Outputs }] }).clients, 'media')).toEqual([attached, search]);
    expect(await findAttached(client({ Stacks: [{}] }).clients, 'media')).toEqual([]);
  });

  test('are missing where there is no such stack, and unknown where it cannot be read', async () => {
    const gone = fault('ValidationError', 'Stack with id prod-Capacity does not exist');
    expect(await findAttached(client(gone).clients, 'prod-Capacity')).toMatchObject({
      kind: 'missing',
      message: 'there is no stack prod-Capacity in us-east-1',
    });
    const other = fault('ValidationError', 'Rate exceeded');
    expect(await findAttached(client(other).clients, 'prod-Capacity')).toMatchObject({ kind: 'refused' });
    expect(await findAttached(client(fault('AccessDenied', 'no')).clients, 'prod-Capacity')).toMatchObject({
      kind: 'permission',
    });
  });
});

test.each([
  [
    '{"errorType":"Error","errorMessage":"RegisterScalableTarget: AccessDeniedException"}',
    'RegisterScalableTarget: Acc',
  ],
  ['Task timed out', 'Task timed out'],
])('a guard that fails is told with its own words: %s', async (payload, words) => {
  const answer = { FunctionError: 'Unhandled', Payload: { transformToString: () => payload } };
  expect(await invokeGuard(client(answer).clients, 'guard')).toMatchObject({
    kind: 'refused',
    message: expect.stringContaining(`the guard failed: ${words}`),
  });
  expect(await invokeGuard(client({ StatusCode: 200 }).clients, 'guard')).toBeUndefined();
});
