import type { EnvironmentPlan, TargetPlan } from '../capacity/capacity-plan';
import { floorAt } from '../capacity/floor-at';
import { fromIso, toSchedule } from '../capacity/instants';
import type { Override } from '../capacity/override';
import { overridesPath, type RecordOwner } from '../capacity/parameter-paths';
import { formatCount } from '../capacity/words';
import { utcTime } from './times';

/** Where the floors of a target are attached. */
export interface Attachment {
  readonly owner: RecordOwner;
  /** The stack whose output names the resource. */
  readonly stack: string;
}

type Scaled = Pick<TargetPlan, 'namespace' | 'dimension'>;

/** One word of a POSIX shell. */
export function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * What a deploy of the plan would register, as commands of the AWS CLI, for when nothing else works. Ends with a newline.
 *
 * Can be run again, and by halves: each command states all that it sets.
 */
export function renderAwsCli(plan: EnvironmentPlan, asOf: string, stack: string): string {
  const first = plan.targets
    .flatMap(({ actions }) => actions.filter(({ at }) => fromIso(at) > fromIso(asOf)))
    .map(({ at }) => at)
    .toSorted()[0];
  const blocks = plan.targets
    .map((target) => {
      const attachment = { owner: { environment: plan.name, target: target.id }, stack };
      const now = fromIso(asOf);
      const ahead = target.actions.filter(({ at }) => fromIso(at) > now);
      const held = target.windows.some(({ risingAt, givingBackAt }) => risingAt <= asOf && asOf < givingBackAt);
      const opening = target.windows.filter(({ givingBackAt }) => givingBackAt > asOf);
      return [
        `# ${plan.name}: ${target.id}, as of ${utcTime(asOf)} UTC`,
        '# Break glass: the floors of the plan without a deploy. While the guard runs it does all of this by itself.',
        '# Without the guard nobody lowers what is raised by hand, and nobody resumes scale-in.',
        '',
        ...resourceIdLines(attachment, 'resourceId', 'RESOURCE_ID'),
        '',
        `# The floor of now: ${formatCount(floorAt(target, now))} ${target.unit}s${held ? ', and no scale-in while the window rises or is held' : ''}.`,
        registerCommand(attachment, target, { min: floorAt(target, now), max: target.max, scaleInSuspended: held }),
        '',
        ahead.length > 0 ? `# The ${ahead.length} actions ahead, nearest first.` : '# No action is ahead.',
        ...ahead.map((action) => actionCommand(attachment, target, action)),
        ...(opening.length > 0
          ? [
              '',
              '# Suspend scale-in when a window opens, by the first command with DynamicScalingInSuspended=true and the floor of that time,',
              '# and resume it when giving back begins:',
              ...opening.map(
                ({ risingAt, givingBackAt }) => `#   ${utcTime(risingAt)} to ${utcTime(givingBackAt)} UTC`,
              ),
            ]
          : []),
        '',
      ].join('\n');
    })
    .join('\n');
  return first === undefined ? blocks : `${freshnessLines(first)}\n${blocks}`;
}

/** Later the floor of now is another one, and what is past cannot be put. */
function freshnessLines(first: string): string {
  return [
    `if LC_ALL=C expr "$(date -u +%Y-%m-%dT%H:%M:%SZ)" '>=' ${first} >/dev/null; then`,
    `  echo 'printed for before ${first}; print it anew: prescale plan --format aws-cli' >&2`,
    '  exit 1',
    'fi',
    '',
  ].join('\n');
}

/** What somebody wanted to do, as far as it is known when it cannot be done. */
export interface WantedOverride {
  readonly kind: Override['kind'];
  readonly min?: number;
  /** What the plan holds now is not known, so `min` may be less. @default it is at least that */
  readonly unplanned?: boolean;
  /** To be written, or to be written anew; absent while nobody knows until when. */
  readonly record?: Override;
  /** How a record that exists is changed. @default it is a new one */
  readonly change?: 'replace' | 'delete';
  /** The ceiling of the layer. */
  readonly max: number;
}

/** The commands of the AWS CLI that do what an override does, for when it could not be written. Ends with a newline. */
export function renderOverrideAwsCli(attachment: Attachment, scaled: Scaled, wanted: WantedOverride): string {
  const { owner, stack } = attachment;
  const { kind, min, unplanned, record, change, max } = wanted;
  const region = regionOf(owner);
  const lines: string[] = [];
  if (record) {
    const name = `${overridesPath(owner)}/${record.id}`;
    lines.push(
      '# The same record by the AWS CLI, with credentials that may write it: the guard follows it within a minute.',
      change === 'delete'
        ? `aws ssm delete-parameter --region ${region} --name ${shellQuote(name)}`
        : `aws ssm put-parameter --region ${region} --name ${shellQuote(name)} --type String${change ? ' --overwrite' : ''} --value ${shellQuote(JSON.stringify(record))}`,
    );
  }
  if (change === undefined && min !== undefined) {
    lines.push(
      '# If that fails, too: the minimum itself. The next action of the plan overwrites it. Without the guard it stays until then, and scale-in',
      '# stays suspended until you run this again with DynamicScalingInSuspended=false.',
      ...(unplanned
        ? [
            '# The calendar could not be planned: see that its floor of now is not above this minimum, and write the higher one.',
          ]
        : []),
      ...resourceIdLines(attachment, 'resourceId', 'RESOURCE_ID'),
      registerCommand(attachment, scaled, { min, max, scaleInSuspended: true }),
    );
  }
  if (change === undefined && kind === 'pause') {
    const limit = (command: string): string => `aws lambda ${command} --region ${region} --function-name "$GUARD"`;
    lines.push(
      '# If that fails, too: no run of the guard gets through, until the second command is run.',
      ...resourceIdLines(attachment, 'guardFunction', 'GUARD'),
      `${limit('put-function-concurrency')} --reserved-concurrent-executions 0`,
      `# ${limit('delete-function-concurrency')}`,
    );
  }
  if (lines.length === 0) {
    lines.push(
      `# A window that stays open costs money, and no viewers. The floors of ${stack} as commands: prescale plan --env ${owner.environment} --format aws-cli`,
    );
  }
  return `${lines.join('\n')}\n`;
}

/** Reads a field of the output that tells where the floors are, into a variable of the shell. */
function resourceIdLines(
  { owner, stack }: Attachment,
  field: 'resourceId' | 'guardFunction',
  variable: string,
): string[] {
  const has = (key: string, value: string): string => String.raw`contains(OutputValue, '\"${key}\":\"${value}\"')`;
  const query = `Stacks[0].Outputs[?${has('environment', owner.environment)} && ${has('target', owner.target)}].OutputValue | [0]`;
  return [
    `# Or by hand, from the console: ${variable}=${field === 'resourceId' ? 'service/CLUSTER/SERVICE' : 'NAME'}`,
    `${variable}=$(aws cloudformation describe-stacks --region ${regionOf(owner)} --stack-name ${shellQuote(stack)} \\`,
    `  --query "${query}" --output text | sed -E 's/.*"${field}":"([^"]+)".*/\\1/')`,
  ];
}

function registerCommand(
  { owner }: Attachment,
  scaled: Scaled,
  { min, max, scaleInSuspended }: { readonly min: number; readonly max: number; readonly scaleInSuspended: boolean },
): string {
  return [
    `aws application-autoscaling register-scalable-target ${scaledOptions(owner, scaled)} \\`,
    `  --min-capacity ${min} --max-capacity ${max} \\`,
    `  --suspended-state DynamicScalingInSuspended=${scaleInSuspended},DynamicScalingOutSuspended=false,ScheduledScalingSuspended=false`,
  ].join('\n');
}

function actionCommand(
  { owner }: Attachment,
  scaled: Scaled,
  { name, at, min, max }: TargetPlan['actions'][number],
): string {
  return [
    `aws application-autoscaling put-scheduled-action ${scaledOptions(owner, scaled)} \\`,
    `  --scheduled-action-name ${name} --schedule "${toSchedule(at)}" --timezone UTC \\`,
    `  --scalable-target-action MinCapacity=${min},MaxCapacity=${max}`,
  ].join('\n');
}

function scaledOptions(owner: RecordOwner, { namespace, dimension }: Scaled): string {
  return `--region ${regionOf(owner)} --service-namespace ${shellQuote(namespace)} --scalable-dimension ${shellQuote(dimension)} --resource-id "$RESOURCE_ID"`;
}

function regionOf({ target }: RecordOwner): string {
  return target.split('/')[0]!;
}
