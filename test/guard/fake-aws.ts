import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ScheduledAction } from '../../lib/capacity/capacity-plan';

/** Scheduled actions of one page: fewer than there are. */
const PAGE = 2;

interface Failure {
  readonly status: number;
  readonly code: string;
  /** @default every time */
  readonly times?: number;
}

export const THROTTLED: Failure = { status: 400, code: 'ThrottlingException' };
export const DENIED: Failure = { status: 400, code: 'AccessDeniedException' };
export const EXPIRED: Failure = { status: 400, code: 'ExpiredTokenException' };

interface Call {
  readonly operation: string;
  readonly input: Record<string, unknown>;
}

/** AWS as the handlers see it, over HTTP: one scalable target, one service, one target group, one stack. */
export class FakeAws {
  /** Everything that was asked, in order, and each try. */
  readonly calls: Call[] = [];
  /** What fails, by operation; `*` is everything. */
  failures: Record<string, Failure> = {};

  target: Record<string, unknown> | undefined;
  actions: Record<string, unknown>[] = [];
  service: { runningCount: number; desiredCount: number; events?: object[] } | undefined = {
    runningCount: 850,
    desiredCount: 850,
  };
  health: string[] = [];
  stack: { status: string; outputs?: Record<string, string> } = { status: 'UPDATE_COMPLETE' };
  /** Of Systems Manager, by name. */
  parameters: Record<string, string> = {};
  /** Milliseconds before each answer. */
  delay = 0;

  private server!: Server;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const target = request.headers['x-amz-target'];
        const call =
          typeof target === 'string'
            ? { operation: target.split('.')[1]!, input: JSON.parse(body) as Call['input'] }
            : {
                operation: new URLSearchParams(body).get('Action')!,
                input: Object.fromEntries(new URLSearchParams(body)),
              };
        const isJson = typeof target === 'string';
        const [status, text] = this.answer(call, isJson);
        setTimeout(() => {
          response.writeHead(status, { 'content-type': isJson ? 'application/x-amz-json-1.1' : 'text/xml' });
          response.end(text);
        }, this.delay);
      });
    });
    await new Promise<void>((resolve) => {
      this.server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => {
      this.server.close(resolve);
    });
  }

  register(min: number, max: number, suspended: Partial<Record<'In' | 'Out', boolean>> = {}): void {
    this.target = {
      MinCapacity: min,
      MaxCapacity: max,
      SuspendedState: {
        DynamicScalingInSuspended: suspended.In ?? false,
        DynamicScalingOutSuspended: suspended.Out ?? false,
        ScheduledScalingSuspended: false,
      },
    };
  }

  list(...actions: Omit<ScheduledAction, 'releases'>[]): void {
    this.actions = actions.map(({ name, at, min, max }) => ({
      ScheduledActionName: name,
      Schedule: `at(${at.slice(0, 19)})`,
      ScalableTargetAction: { MinCapacity: min, MaxCapacity: max },
    }));
  }

  /** Those calls that change something. */
  get changes(): Call[] {
    return this.calls.filter(({ operation }) => !/^(Describe|Get)/.test(operation));
  }

  private answer(call: Call, isJson: boolean): [status: number, text: string] {
    this.calls.push(call);
    const { operation, input } = call;
    const failure = this.failures[operation] ?? this.failures['*'];
    const tries = this.calls.filter((one) => one.operation === operation).length;
    if (failure && tries <= (failure.times ?? Number.POSITIVE_INFINITY)) {
      const { status, code } = failure;
      return isJson
        ? [status, JSON.stringify({ __type: code, message: `not now: ${operation}` })]
        : [
            status,
            `<ErrorResponse><Error><Type>Sender</Type><Code>${code}</Code><Message>not now: ${operation}</Message></Error></ErrorResponse>`,
          ];
    }
    switch (operation) {
      case 'DescribeScalableTargets': {
        return [200, JSON.stringify({ ScalableTargets: this.target ? [this.target] : [] })];
      }
      case 'DescribeScheduledActions': {
        const from = Number(input.NextToken ?? 0);
        const next = from + PAGE < this.actions.length ? { NextToken: String(from + PAGE) } : {};
        return [200, JSON.stringify({ ScheduledActions: this.actions.slice(from, from + PAGE), ...next })];
      }
      case 'DescribeServices': {
        return [
          200,
          JSON.stringify(
            this.service ? { services: [this.service] } : { services: [], failures: [{ reason: 'MISSING' }] },
          ),
        ];
      }
      case 'RegisterScalableTarget': {
        const { MinCapacity, MaxCapacity, SuspendedState } = { ...this.target, ...input } as Record<string, unknown>;
        this.target = { MinCapacity, MaxCapacity, SuspendedState };
        return [200, '{}'];
      }
      case 'PutScheduledAction': {
        const { ScheduledActionName, Schedule, Timezone, ScalableTargetAction } = input;
        this.actions = this.actions.filter((action) => action.ScheduledActionName !== ScheduledActionName);
        this.actions.push({ ScheduledActionName, Schedule, Timezone, ScalableTargetAction });
        return [200, '{}'];
      }
      case 'DeleteScheduledAction': {
        this.actions = this.actions.filter((action) => action.ScheduledActionName !== input.ScheduledActionName);
        return [200, '{}'];
      }
      case 'GetParametersByPath': {
        const names = Object.keys(this.parameters).filter((name) => name.startsWith(`${String(input.Path)}/`));
        const from = Number(input.NextToken ?? 0);
        const next = from + PAGE < names.length ? { NextToken: String(from + PAGE) } : {};
        const Parameters = names.slice(from, from + PAGE).map((Name) => ({ Name, Value: this.parameters[Name] }));
        return [200, JSON.stringify({ Parameters, ...next })];
      }
      case 'PutParameter': {
        const name = String(input.Name);
        if (name in this.parameters) return [400, JSON.stringify({ __type: 'ParameterAlreadyExists', message: name })];
        this.parameters[name] = String(input.Value);
        return [200, JSON.stringify({ Version: 1 })];
      }
      case 'DeleteParameter': {
        const { [String(input.Name)]: gone, ...rest } = this.parameters;
        if (gone === undefined) return [400, JSON.stringify({ __type: 'ParameterNotFound', message: input.Name })];
        this.parameters = rest;
        return [200, '{}'];
      }
      case 'DescribeStacks': {
        const outputs = Object.entries(this.stack.outputs ?? {})
          .map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`)
          .join('');
        return [
          200,
          `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member><StackName>Capacity</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>${this.stack.status}</StackStatus><Outputs>${outputs}</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`,
        ];
      }
      case 'DescribeTargetHealth': {
        const members = this.health.map(
          (state) => `<member><TargetHealth><State>${state}</State></TargetHealth></member>`,
        );
        return [
          200,
          `<DescribeTargetHealthResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><DescribeTargetHealthResult><TargetHealthDescriptions>${members.join('')}</TargetHealthDescriptions></DescribeTargetHealthResult></DescribeTargetHealthResponse>`,
        ];
      }
      default: {
        return [400, JSON.stringify({ __type: 'UnknownOperationException', message: operation })];
      }
    }
  }
}
