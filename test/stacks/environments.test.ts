import { ScalableDimension, ServiceNamespace } from '@aws-sdk/client-application-auto-scaling';
import { environments } from '../../lib/environments';

describe.each(environments.map((environment) => [environment.name, environment] as const))('%s', (_, environment) => {
  const { layers, quotas, task, zoneIds } = environment;
  const playback = layers['playback']!;
  const rolling = Math.ceil((playback.maximum * playback.maximumPercent!) / 100);

  test('bears its ordinary peak on the baseline after the loss of a zone', () => {
    const left = (zoneIds.length - 1) / zoneIds.length;
    const borne = playback.baseline * playback.requestsPerSecondPerUnit * 0.85 * left;
    expect(playback.baselineRequestsPerSecond).toBeLessThanOrEqual(Math.round(borne));
  });

  test('is granted what its ceiling takes while a deployment rolls', () => {
    expect(rolling * playback.vcpuPerUnit!).toBeLessThanOrEqual(quotas.fargateVcpu!);
    expect(rolling).toBeLessThanOrEqual(quotas.loadBalancerTargets!);
    expect(rolling).toBeLessThanOrEqual(quotas.networkInterfaces!);
  });

  test('scales what Application Auto Scaling can scale', () => {
    for (const { namespace, dimension } of Object.values(layers)) {
      expect(Object.values<string>(ServiceNamespace)).toContain(namespace);
      expect(Object.values<string>(ScalableDimension)).toContain(dimension);
      expect(dimension.startsWith(`${namespace}:`)).toBe(true);
    }
  });

  test('plans with the vCPU that its task has', () => {
    expect(playback.vcpuPerUnit).toBe(task.cpu / 1024);
  });
});

test('environments can be connected: their networks do not overlap', () => {
  const ranges = environments
    .map(({ vpcCidr }) => {
      const [address = '', mask] = vpcCidr.split('/');
      const start = address.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
      return { start, end: start + 2 ** (32 - Number(mask)) };
    })
    .sort((a, b) => a.start - b.start);
  ranges.slice(1).forEach((range, index) => expect(range.start).toBeGreaterThanOrEqual(ranges[index]!.end));
});
