import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Call {
  readonly operation: string;
  /** For which it was signed. */
  readonly region: string;
  readonly input: Record<string, unknown>;
}

interface Query {
  readonly Id: string;
  readonly MetricStat: {
    readonly Metric: {
      readonly Namespace: string;
      readonly MetricName: string;
      readonly Dimensions: readonly { readonly Name: string; readonly Value: string }[];
    };
    readonly Period: number;
    readonly Stat: string;
  };
}

/** What `review` reads, as the SDK sees it, over HTTP. */
export class FakeNight {
  /** Everything that was asked, in order, and each try. */
  readonly calls: Call[] = [];
  /** What fails, by operation. */
  failures: Record<string, { readonly code: string; readonly times?: number }> = {};
  account = '123456789012';
  /** Values of the outputs of the stacks, by name. */
  stacks: Record<string, readonly object[]> = {};
  /** Target groups of services, by the names of the services. */
  services: Record<string, string> = {};
  /** Load balancers, by the ARNs of their target groups. */
  loadBalancers: Record<string, string> = {};
  /** By namespace, name, dimensions as `Name=Value` in order, and statistic, all with a space between: values by minutes since the epoch. */
  metrics: Record<string, ReadonlyMap<number, number>> = {};
  /** Be it of how many metrics. */
  valuesOnAPage = 100;
  /** What a page says of a metric, by its name, in place of its values. */
  statuses: Record<string, { readonly StatusCode: string; readonly Messages: readonly object[] }> = {};
  /** Two on a page. */
  activities: readonly { readonly StartTime: number; readonly Cause: string; readonly Description: string }[] = [];

  private server!: Server;

  async start(): Promise<string> {
    this.server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const target = request.headers['x-amz-target'];
        const isJson = typeof target === 'string';
        const form = Object.fromEntries(new URLSearchParams(body));
        const call = {
          operation: isJson ? target.split('.')[1]! : form['Action']!,
          region: /\/\d{8}\/([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '',
          input: isJson ? (JSON.parse(body) as Call['input']) : form,
        };
        this.calls.push(call);
        const [status, answer] = this.answer(call, isJson);
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

  private answer({ operation, input }: Call, isJson: boolean): [status: number, answer: object | string] {
    const failure = this.failures[operation];
    if (failure && this.count(operation) <= (failure.times ?? Number.POSITIVE_INFINITY)) {
      return isJson
        ? [400, { __type: failure.code, message: `not now: ${operation}` }]
        : [400, xml('ErrorResponse', `<Error><Code>${failure.code}</Code><Message>not now</Message></Error>`)];
    }
    const result = (text: string): [number, string] => [
      200,
      xml(`${operation}Response`, `<${operation}Result>${text}</${operation}Result>`),
    ];
    switch (operation) {
      case 'GetCallerIdentity': {
        return result(`<Account>${this.account}</Account>`);
      }
      case 'DescribeStacks': {
        const outputs = this.stacks[String(input['StackName'])];
        if (!outputs) {
          const message = `Stack with id ${String(input['StackName'])} does not exist`;
          return [
            400,
            xml('ErrorResponse', `<Error><Code>ValidationError</Code><Message>${message}</Message></Error>`),
          ];
        }
        const members = outputs.map(
          (output) =>
            `<member><OutputKey>FloorsAttachedFloors0</OutputKey><OutputValue>${JSON.stringify(output)}</OutputValue></member>`,
        );
        return result(
          `<Stacks><member><StackName>s</StackName><StackStatus>UPDATE_COMPLETE</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><Outputs>${members.join('')}</Outputs></member></Stacks>`,
        );
      }
      case 'DescribeServices': {
        const [name] = input['services'] as string[];
        const targetGroupArn = this.services[name!];
        return [200, { services: [{ serviceName: name, loadBalancers: targetGroupArn ? [{ targetGroupArn }] : [] }] }];
      }
      case 'DescribeTargetGroups': {
        const arn = this.loadBalancers[String(input['TargetGroupArns.member.1'])];
        const members = arn === undefined ? '' : `<member>${arn}</member>`;
        return result(`<TargetGroups><member><LoadBalancerArns>${members}</LoadBalancerArns></member></TargetGroups>`);
      }
      case 'GetMetricData': {
        return [200, this.page(input)];
      }
      case 'DescribeScalingActivities': {
        const from = Number(input['NextToken'] ?? 0);
        return [
          200,
          {
            ScalingActivities: this.activities.slice(from, from + 2),
            ...(from + 2 < this.activities.length && { NextToken: String(from + 2) }),
          },
        ];
      }
      default: {
        return [400, { __type: 'UnknownOperationException', message: operation }];
      }
    }
  }

  /** As CloudWatch does, the values of a metric go on from page to page. */
  private page(input: Record<string, unknown>): object {
    const from = Number(input['StartTime']) / 60;
    const to = Number(input['EndTime']) / 60;
    const all = (input['MetricDataQueries'] as Query[]).flatMap(({ Id, MetricStat: { Metric, Stat } }) => {
      const dimensions = Metric.Dimensions.map(({ Name, Value }) => `${Name}=${Value}`).join(' ');
      const values = this.metrics[`${Metric.Namespace} ${Metric.MetricName} ${dimensions} ${Stat}`];
      return [...(values ?? [])]
        .filter(([minute]) => minute >= from && minute < to)
        .map(([minute, value]) => ({ Id, name: Metric.MetricName, at: minute * 60, value }));
    });
    const first = Number(input['NextToken'] ?? 0);
    const shown = all.slice(first, first + this.valuesOnAPage);
    const isLast = first + this.valuesOnAPage >= all.length;
    const results = [...new Set(shown.map(({ Id }) => Id))].map((Id) => {
      const own = shown.filter((value) => value.Id === Id);
      return {
        Id,
        StatusCode: isLast ? 'Complete' : 'PartialData',
        Timestamps: own.map(({ at }) => at),
        Values: own.map(({ value }) => value),
        ...this.statuses[own[0]!.name],
      };
    });
    return { MetricDataResults: results, ...(!isLast && { NextToken: String(first + this.valuesOnAPage) }) };
  }
}

function xml(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}
