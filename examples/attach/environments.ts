import type { Environment, LayerProfile } from 'prescale';

// Every figure here is made up. Yours come from a load test, your metrics and your price list.

/** The team's own service, see app.ts. */
const playback: LayerProfile = {
  namespace: 'ecs',
  dimension: 'ecs:service:DesiredCount',
  unit: 'task',
  baseline: 20,
  baselineRequestsPerSecond: 1100,
  maximum: 400,
  requestsPerSecondPerUnit: 100,
  requestsPerSecondSource: 'load test of 12 October 2026',
  vcpuPerUnit: 1,
  pricePerUnitHour: 0.05,
  shedsLoad: true,
};

/** A service that another tool deploys, see shared-services.ts: people look at it when they open the app and when they leave. */
const catalogue: LayerProfile = {
  ...playback,
  baseline: 6,
  baselineRequestsPerSecond: 500,
  maximum: 120,
  requestsPerSecondPerUnit: 150,
  vcpuPerUnit: 0.5,
  pricePerUnitHour: 0.025,
  demand: { requestsPerPlay: 4, heartbeatsPerSecond: 0, requestsPerExit: 4, requestsPerRefresh: 1 },
};

/** An alias of a function, see shared-services.ts: one sign-in for each play. */
const signIn: LayerProfile = {
  namespace: 'lambda',
  dimension: 'lambda:function:ProvisionedConcurrency',
  unit: 'instance',
  baseline: 10,
  baselineRequestsPerSecond: 50,
  maximum: 800,
  // 100 ms each. Lambda serves at most 10 requests a second of one instance.
  requestsPerSecondPerUnit: 10,
  requestsPerSecondSource: 'load test of 14 October 2026',
  // Lambda bears the loss of a zone by itself: with three zones 0.9 asks for no more than 0.6 without a loss does.
  utilisationZoneLost: 0.9,
  // A minute or two of preparation, then 6,000 a minute, of which none serves before the last is ready.
  leadTime: { startLatencySeconds: 180, unitsPerMinute: 6000 },
  pricePerUnitHour: 0.015,
  shedsLoad: true,
  demand: { requestsPerPlay: 1, heartbeatsPerSecond: 0, requestsPerExit: 0, requestsPerRefresh: 0 },
};

export const live: Environment = {
  name: 'live',
  region: 'eu-west-1',
  zoneIds: ['euw1-az1', 'euw1-az2', 'euw1-az3'],
  layers: { playback, catalogue, 'sign-in': signIn },
  quotas: { fargateVcpu: 600, loadBalancerTargets: 1000 },
  prices: { currency: 'EUR', source: 'made up', readOn: '2026-11-21' },
};

/** What `prescale check --environments environments.ts` reads. */
export const environments: readonly Environment[] = [live];
