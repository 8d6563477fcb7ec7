import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Failure {
  readonly code: string;
  /** @default every time */
  readonly times?: number;
}

interface Call {
  readonly operation: string;
  /** For which it was signed. */
  readonly region: string;
  readonly input: Record<string, unknown>;
}

/** Service Quotas and the caller's identity as the SDK sees them, over HTTP. */
export class FakeQuotas {
  /** Everything that was asked, in order, and each try. */
  readonly calls: Call[] = [];
  /** What fails, by operation, or by operation and code of a quota; `*` is everything. */
  failures: Record<string, Failure> = {};
  /** Values of the account, by code. */
  applied: Record<string, number> = {};
  /** What AWS gives everybody, by code. */
  defaults: Record<string, number> = {};
  /** Codes of which AWS says that it cannot tell. */
  withoutValue: string[] = [];
  /** Requests for increases, by code, oldest first; two on a page. */
  requests: Record<string, { Id: string; Status: string; DesiredValue: number }[]> = {};
  account = '123456789012';

  private server!: Server;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const target = request.headers['x-amz-target'];
        const isJson = typeof target === 'string';
        const call = {
          operation: isJson ? target.split('.')[1]! : new URLSearchParams(body).get('Action')!,
          region: /\/\d{8}\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '',
          input: isJson ? (JSON.parse(body) as Call['input']) : {},
        };
        this.calls.push(call);
        const [status, answer] = this.answer(call);
        response.writeHead(status, { 'content-type': isJson ? 'application/x-amz-json-1.1' : 'text/xml' });
        response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
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

  /** How often an operation was asked for. */
  count(operation: string): number {
    return this.calls.filter((call) => call.operation === operation).length;
  }

  private answer({ operation, input }: Call): [status: number, answer: object | string] {
    const code = String(input.QuotaCode);
    const failure =
      this.failures[`${operation} ${code}`] ?? this.failures[operation] ?? this.failures[code] ?? this.failures['*'];
    if (failure && this.count(operation) <= (failure.times ?? Number.POSITIVE_INFINITY)) {
      return operation === 'GetCallerIdentity'
        ? [
            400,
            `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Code>${failure.code}</Code><Message>not now</Message></Error></ErrorResponse>`,
          ]
        : [400, { __type: failure.code, message: `not now: ${operation}` }];
    }
    const of = (value: number): object => ({
      Quota: { ServiceCode: input.ServiceCode, QuotaCode: code, Value: value },
    });
    const missing: [number, object] = [400, { __type: 'NoSuchResourceException', message: `no ${code}` }];
    switch (operation) {
      case 'GetCallerIdentity': {
        return [
          200,
          `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Account>${this.account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
        ];
      }
      case 'GetServiceQuota': {
        if (this.withoutValue.includes(code)) {
          return [
            200,
            { Quota: { ErrorReason: { ErrorCode: 'SERVICE_QUOTA_NOT_AVAILABLE_ERROR', ErrorMessage: 'try later' } } },
          ];
        }
        return this.applied[code] === undefined ? missing : [200, of(this.applied[code])];
      }
      case 'GetAWSDefaultServiceQuota': {
        return this.defaults[code] === undefined ? missing : [200, of(this.defaults[code])];
      }
      case 'ListRequestedServiceQuotaChangeHistoryByQuota': {
        const from = Number(input.NextToken ?? 0);
        const all = this.requests[code] ?? [];
        return [
          200,
          {
            RequestedQuotas: all.slice(from, from + 2),
            ...(from + 2 < all.length && { NextToken: String(from + 2) }),
          },
        ];
      }
      case 'RequestServiceQuotaIncrease': {
        const request = {
          Id: `request-${this.calls.length}`,
          Status: 'PENDING',
          DesiredValue: Number(input.DesiredValue),
        };
        this.requests[code] = [...(this.requests[code] ?? []), request];
        return [200, { RequestedQuota: request }];
      }
      default: {
        return [400, { __type: 'UnknownOperationException', message: operation }];
      }
    }
  }
}

/** Points the SDK at an address with credentials of nobody, for the time of a test. @returns what undoes it */
export function useAddress(address: string): () => void {
  const before = { ...process.env };
  process.env.AWS_ENDPOINT_URL = address;
  process.env.AWS_ACCESS_KEY_ID = 'nobody';
  process.env.AWS_SECRET_ACCESS_KEY = 'nothing';
  delete process.env.AWS_PROFILE;
  return () => {
    process.env = before;
  };
}
