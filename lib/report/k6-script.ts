import { fromIso, toIso } from '../capacity/instants';
import { formatCount } from '../capacity/words';

/** The demand of one release as a load test replays it. */
export interface LoadProfile {
  /** Id of the release. */
  readonly release: string;
  readonly title: string;
  /** Name of the environment whose demand it is. */
  readonly environment: string;
  /** ISO 8601 in UTC, whole seconds. */
  readonly premiereAt: string;
  /** Seconds from the premiere to the first sample. */
  readonly startSeconds: number;
  /** Whole seconds from one sample to the next, 5 to 60. */
  readonly stepSeconds: number;
  /** Requests per second, the environment's baseline included; linear between samples. */
  readonly requestsPerSecond: readonly number[];
  /** Share of the demand to replay, above 0, at most 1. */
  readonly scale: number;
  /** Seconds after which a request counts as failed. */
  readonly timeoutSeconds: number;
  /** Version of `prescale`, for the head comment. */
  readonly toolVersion: string;
}

/** A straight line from the rate before it, as the executor `ramping-arrival-rate` takes it. */
interface LoadStage {
  readonly seconds: number;
  /** Requests per second at its end, whole. */
  readonly target: number;
}

interface LoadStages {
  /** Requests per second at the first sample, whole. */
  readonly startRate: number;
  readonly stages: readonly LoadStage[];
}

/** How far the stages may be from a sample, as a share of it. */
const TOLERANCE = 0.01;

/** How far they may be where that share is less, in requests per second: targets are whole numbers. */
const LEAST_TOLERANCE = 1;

/**
 * A load test for k6 that sends the demand of a release to an environment: an ES module that type-checks against `@types/k6`.
 *
 * At each sample its rate is within 1 % of the scaled demand, or within one request per second where that is more, and the highest sample is
 * met to the half request; so a night of samples becomes tens of stages. Each stage takes whole seconds.
 *
 * Pure: the same profile gives the same text.
 *
 * @throws RangeError for fewer than two samples, and when less than one request per second is left at the peak
 */
export function renderK6Script(profile: LoadProfile): string {
  const { release, startSeconds, scale, timeoutSeconds, requestsPerSecond } = profile;
  if (requestsPerSecond.length < 2) {
    throw new RangeError(`requestsPerSecond must hold at least 2 samples, got ${requestsPerSecond.length}`);
  }
  const samples = requestsPerSecond.map((rate) => rate * scale);
  const load = fitStages(samples, profile.stepSeconds);
  const peak = load.stages.reduce((most, { target }) => Math.max(most, target), load.startRate);
  if (!(peak >= 1)) {
    throw new RangeError(`scale must leave at least 1 request per second at the peak, got ${scale}; mend: raise it`);
  }
  return `// @ts-check
${headOf(profile, load, peak)}
${KINDS}

const RELEASE = ${JSON.stringify(release)};

/** Seconds from the premiere to the start of the test. */
const START_SECONDS = ${startSeconds};

/** Requests per second at the start, and the highest of all. */
const START_RATE = ${load.startRate};
const PEAK_RATE = ${peak};

/**
 * Seconds of each stage, and requests per second at its end.
 *
 * @type {[seconds: number, target: number][]}
 */
const STAGES = [
${stageLines(load.stages, startSeconds)}
];

/** Seconds after which a request counts as failed. */
const TIMEOUT_SECONDS = ${timeoutSeconds};

${TEST}`;
}

/** What does not depend on the release: the imports, and the table that teams replace. */
const KINDS = String.raw`import exec from 'k6/execution';
import http from 'k6/http';

/**
 * What is asked of the service: REPLACE IT BY THE ROUTES OF YOURS. These are the routes of the sample service.
 *
 * One iteration is one request, of a kind drawn by weight. The weights are those of a finale's peak in the default demand model: of 100
 * requests 70 belong to plays, 12 to each: one opens the application, one starts playback, and ten are others (sign-in, entitlement,
 * licence) for which the sample has no route, so heartbeats stand in, which no cache answers either; 17 refresh the home page, 12 are
 * heartbeats and one is an exit.
 *
 * Behind a CDN most of 'open' never reaches the service, though the demand model counts it. To load the tasks with all of the demand,
 * move its weight to 'heartbeat'.
 *
 * 'request' gets a session id of its own for each request, the same in each run. The sample takes any; a service that looks sessions up
 * needs ones that exist.
 *
 * @type {{ name: string, weight: number, request: (session: string) => Request }[]}
 */
const KINDS = [
  { name: 'open', weight: 22, request: () => ({ method: 'GET', path: '/api/open' }) },
  {
    name: 'play',
    weight: 6,
    request: () => ({
      method: 'POST',
      path: '/api/play',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: RELEASE }),
    }),
  },
  {
    name: 'heartbeat',
    weight: 71,
    request: (session) => ({ method: 'POST', path: '/api/heartbeat', headers: { 'x-session-id': session } }),
  },
  {
    name: 'exit',
    weight: 1,
    request: (session) => ({ method: 'POST', path: '/api/exit', headers: { 'x-session-id': session } }),
  },
];

/** @typedef {{ method: string, path: string, headers?: Record<string, string>, body?: string }} Request */`;

/** What does not depend on the release, after what does. Without template literals, which would end this one. */
const TEST = String.raw`/**
 * Mean seconds of a request that the virtual users made before the start can bear at the peak (Little's law: users under way are rate
 * times seconds), and the mean up to which more are made. An assumption: measure yours. Each user takes some megabytes, and each that k6
 * makes later costs an iteration that is dropped.
 */
const MEAN_SECONDS = 0.25;
const WORST_MEAN_SECONDS = 1;

/** Room for single slow requests where the rate is low. */
const SPARE_USERS = 10;

/** Requests are judged by the quarter of an hour: one in a hundred of a whole night would forgive minutes without an answer. */
const PART_SECONDS = 900;

const BASE_URL = baseUrl(__ENV.BASE_URL);
const SPEED = speed(__ENV.SPEED);
const PARTS = partLabels();
const TOTAL_WEIGHT = KINDS.reduce((sum, { weight }) => sum + weight, 0);

// A redirect is an answer that nobody planned: of one request it would make two.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }));

/** @type {import('k6/options').Options} */
export const options = {
  scenarios: {
    release: {
      executor: 'ramping-arrival-rate',
      startRate: START_RATE,
      timeUnit: '1s',
      stages: STAGES.map(([seconds, target]) => ({ duration: Math.round((seconds * 1000) / SPEED) + 'ms', target })),
      preAllocatedVUs: Math.ceil(PEAK_RATE * MEAN_SECONDS) + SPARE_USERS,
      maxVUs: Math.ceil(PEAK_RATE * WORST_MEAN_SECONDS) + SPARE_USERS,
      gracefulStop: TIMEOUT_SECONDS + 's',
    },
  },
  thresholds: {
    // A load generator that cannot keep up proves nothing.
    dropped_iterations: ['count==0'],
    // At least 99 % are answered within the timeout: later is failed, and so is every status but 2xx.
    http_req_failed: ['rate<=0.01'],
    http_req_duration: ['p(99)<=' + TIMEOUT_SECONDS * 1000],
    ...Object.fromEntries(PARTS.map((label) => ['http_req_failed{from:' + label + '}', ['rate<=0.01']])),
  },
  discardResponseBodies: true,
  maxRedirects: 0,
  userAgent: 'k6, load test of ' + RELEASE,
};

export default function () {
  const iteration = exec.scenario.iterationInTest;
  const { name, request } = kindOf(iteration);
  const { method, path, headers, body } = request(sessionOf(iteration));
  http.request(method, BASE_URL + path, body, {
    headers,
    timeout: TIMEOUT_SECONDS + 's',
    tags: { name, from: partOf(Date.now()) },
  });
}

/**
 * Kinds by weight, the same in each run. Multiples of the golden ratio spread evenly over any few hundred iterations in a row, and over
 * every fourth as well, which is what one of four load generators runs.
 *
 * @param {number} iteration
 */
function kindOf(iteration) {
  let rest = ((iteration * 0.6180339887498949) % 1) * TOTAL_WEIGHT;
  return KINDS.find(({ weight }) => (rest -= weight) < 0) ?? KINDS[0];
}

/**
 * A UUID for each iteration.
 *
 * @param {number} iteration
 */
function sessionOf(iteration) {
  return '00000000-0000-4000-8000-' + iteration.toString(16).padStart(12, '0');
}

/**
 * The part of the release to which an instant belongs, by its beginning.
 *
 * @param {number} now Milliseconds since the epoch
 */
function partOf(now) {
  const seconds = ((now - exec.scenario.startTime) / 1000) * SPEED;
  return PARTS[Math.min(PARTS.length - 1, Math.floor(seconds / PART_SECONDS))];
}

/** Beginnings of the parts in hours and minutes from the premiere: T-00h30. */
function partLabels() {
  const length = STAGES.reduce((sum, [seconds]) => sum + seconds, 0);
  return Array.from({ length: Math.ceil(length / PART_SECONDS) }, (_, part) => {
    const minutes = Math.round((START_SECONDS + part * PART_SECONDS) / 60);
    const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
    return (minutes < 0 ? 'T-' : 'T+') + String(hours).padStart(2, '0') + 'h' + String(rest).padStart(2, '0');
  });
}

/** @param {string | undefined} value */
function baseUrl(value) {
  const mend = 'mend: k6 run -e BASE_URL=https://staging.example.com script.js';
  if (!value) throw new Error('BASE_URL must name what to load, and is missing; ' + mend);
  const form =
    /^https?:\/\/(?:[a-z\d](?:[a-z\d-]*[a-z\d])?(?:\.[a-z\d](?:[a-z\d-]*[a-z\d])?)*|\[[\da-f:.]+\])(?::\d{1,5})?(?:\/[^\s?#]*)?$/i;
  if (!form.test(value)) {
    throw new Error(
      'BASE_URL must be an http or https URL without credentials, query and fragment, got "' + value + '"; ' + mend,
    );
  }
  return value.replace(/\/+$/, '');
}

/** @param {string | undefined} value */
function speed(value) {
  if (!value) return 1;
  const times = Number(value);
  if (!(times >= 1 && times <= 10000)) {
    throw new Error('SPEED must be a number from 1 to 10000, got "' + value + '"; mend: leave it out');
  }
  return times;
}
`;

/** Straight lines from sample to sample, each as long as all samples on its way are within the tolerance. */
function fitStages(samples: readonly number[], stepSeconds: number): LoadStages {
  const targets = samples.map(Math.round);
  const last = samples.length - 1;
  const highest = samples.reduce((best, rate, index) => (rate > samples[best]! ? index : best), 0);
  const stages: LoadStage[] = [];
  for (let from = 0; from < last;) {
    // A line ends at the peak, so that nothing is cut off it.
    const to = reachOf(samples, targets, from, from < highest ? highest : last);
    stages.push({ seconds: (to - from) * stepSeconds, target: targets[to]! });
    from = to;
  }
  return { startRate: targets[0]!, stages };
}

/** The farthest sample up to `limit` to which a line from `from` passes all between within the tolerance. */
function reachOf(samples: readonly number[], targets: readonly number[], from: number, limit: number): number {
  let reach = from + 1;
  // Slopes that pass all samples so far.
  let least = Number.NEGATIVE_INFINITY;
  let most = Number.POSITIVE_INFINITY;
  for (let to = from + 1; to <= limit && least <= most; to += 1) {
    const slopeTo = (rate: number): number => (rate - targets[from]!) / (to - from);
    const slope = slopeTo(targets[to]!);
    if (slope >= least && slope <= most) reach = to;
    const tolerance = Math.max(LEAST_TOLERANCE, samples[to]! * TOLERANCE);
    least = Math.max(least, slopeTo(samples[to]! - tolerance));
    most = Math.min(most, slopeTo(samples[to]! + tolerance));
  }
  return reach;
}

/** What k6 1.8.1 keeps of each request for percentiles: nine numbers of eight bytes, and the room that growing arrays take ahead. */
const BYTES_PER_REQUEST = 100;

/** How long a first try of the script takes, and at how many requests per second at most. */
const TRY_SECONDS = 60;
const TRY_RATE = 100;

function headOf(profile: LoadProfile, { startRate, stages }: LoadStages, peak: number): string {
  const { release, title, environment, premiereAt, startSeconds, scale, toolVersion } = profile;
  const seconds = stages.reduce((sum, stage) => sum + stage.seconds, 0);
  let requests = 0;
  let rate = startRate;
  for (const stage of stages) {
    requests += (stage.seconds * (rate + stage.target)) / 2;
    rate = stage.target;
  }
  const gibibytes = Math.ceil((requests * BYTES_PER_REQUEST) / 2 ** 30);
  const tryTimes = Math.ceil(seconds / TRY_SECONDS);
  const trySegment = Math.ceil(peak / TRY_RATE);
  const startAt = toIso(fromIso(premiereAt) + startSeconds);
  return `//
// The demand of a release as a load test, written by prescale ${toolVersion} (rehearse --emit k6).
//
//   release      ${release}: ${inComment(title)}
//   premiere     ${premiereAt} (T); the test begins at ${timeFromPremiere(startSeconds)}
//   environment  ${inComment(environment)}: its demand, baseline included
//   scale        ${scale} of that demand
//   sends        ${formatCount(requests)} requests in ${(seconds / 3600).toFixed(1)} h, at most ${formatCount(peak)} per second
//
//   k6 run -e BASE_URL=https://staging.example.com script.js
//
// Try it first, all of it in a minute, with a part of the requests. That proves the script and not the service, for the rises are as much
// steeper as time is shorter.
//
//   k6 run -e BASE_URL=https://staging.example.com -e SPEED=${tryTimes}${trySegment > 1 ? ` --execution-segment 0:1/${trySegment}` : ''} script.js
//
// Above what one load generator bears, start k6 on several at the same time, each with its segment, here the first of four:
//
//   k6 run -e BASE_URL=https://staging.example.com --execution-segment 0:1/4 --execution-segment-sequence 0,1/4,2/4,3/4,1 script.js
//
// k6 keeps the durations of all requests in memory until it ends: about ${formatCount(gibibytes)} GiB over all generators. One that is too busy sends
// late without a word: the iterations of all generators must add up to the requests above.
//
// To test the planned floors, begin at ${startAt} where this release is deployed for that premiere, or raise the floor first.
//
// Exit codes of k6: 0 when 99 of 100 requests, in each quarter of an hour, were answered within the timeout and none was left out; 99 when
// not.
//
// Before you run it:
// - Load only what is yours, never production, and with the leave of whoever owns the account and pays for it.
// - From EC2 instances the network stress test policy of AWS holds, https://aws.amazon.com/ec2/testing/: read whether your rate falls under
//   it. Traffic that is meant to overwhelm a target is no load test to AWS, but a simulated attack, with a policy of its own.
// - All of it comes from few addresses: a web ACL that limits addresses must count and not block.
//
// What it leaves out: retries of clients, new connections (a virtual user keeps its own), and that the mix changes over the night.
`;
}

/** An array in the script for each stage, and when it ends. */
function stageLines(stages: readonly LoadStage[], startSeconds: number): string {
  let endSeconds = startSeconds;
  return stages
    .map(({ seconds, target }) => {
      endSeconds += seconds;
      return `  [${seconds}, ${target}], // ${timeFromPremiere(endSeconds)}`;
    })
    .join('\n');
}

/** `T-0:30:00`, `T+1:05:00`. */
function timeFromPremiere(seconds: number): string {
  const digits = (value: number): string => String(Math.floor(value) % 60).padStart(2, '0');
  const away = Math.abs(seconds);
  return `T${seconds < 0 ? '-' : '+'}${Math.floor(away / 3600)}:${digits(away / 60)}:${digits(away)}`;
}

/** Whatever somebody typed, on the line of a comment. */
function inComment(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ');
}
