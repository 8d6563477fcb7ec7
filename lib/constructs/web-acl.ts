import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnLoggingConfiguration, CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { ArnFormat, Names, RemovalPolicy, Stack } from 'aws-cdk-lib/core';
import { Construct } from 'constructs';
import { requireUsEast1 } from './us-east-1';

/** Requests in five minutes above which a caller is counted or turned away. WAF counts within a minute or so, not exactly. */
export interface RateLimits {
  /**
   * Of one session at one address, on the paths that decide who may play.
   *
   * @default 400: ten plays of 12 requests and five heartbeats, each with three retries at 0.8, are 369; one play makes 17
   */
  readonly perSession?: number;
  /**
   * Of one address, with and without sessions, on all paths of the service: a session can be made up, an address cannot.
   *
   * @default 31000: a thousand viewers behind one address of a carrier, each with a play (12), two refreshes a minute (10), five heartbeats
   * and an exit (4)
   */
  readonly perAddress?: number;
}

export interface WebAclProps {
  /** `count` writes what would be turned away to the log, and turns nobody away. */
  readonly mode: 'count' | 'block';
  /** @default - see `RateLimits` */
  readonly limits?: RateLimits;
  /** What the paths begin with that decide who may play. @default ['/api/play', '/api/heartbeat', '/api/exit'] */
  readonly entitlementPaths?: readonly string[];
  /** What the paths of the service begin with. @default '/api/' */
  readonly servicePath?: string;
  /** @default RetentionDays.THREE_MONTHS */
  readonly logRetention?: RetentionDays;
}

/** The header by which the service knows a session. Never a credential: the log names it where a session is limited. */
const SESSION_HEADER = 'x-session-id';

/** Headers whose values the log leaves out. */
const REDACTED_HEADERS = ['cookie', 'authorization', SESSION_HEADER];

/** Seconds that WAF looks back. */
const WINDOW_SECONDS = 300;

/** Rule groups of AWS, and those of their rules that stay in count mode, because viewers meet them. */
const MANAGED_GROUPS: readonly { readonly name: string; readonly countOnly: readonly string[] }[] = [
  { name: 'AWSManagedRulesAmazonIpReputationList', countOnly: [] },
  { name: 'AWSManagedRulesKnownBadInputsRuleSet', countOnly: [] },
  {
    name: 'AWSManagedRulesCommonRuleSet',
    countOnly: [
      // Television apps often send none.
      'NoUserAgent_HEADER',
      // Licence requests and reports of players exceed 8 KB of body; tokens exceed the other limits.
      'SizeRestrictions_BODY',
      'SizeRestrictions_COOKIE',
      'SizeRestrictions_QUERYSTRING',
    ],
  },
];

/** Before a path is compared: what a service would take for the same path counts as the same. */
const PATH_TRANSFORMATIONS = [
  { priority: 0, type: 'URL_DECODE' },
  { priority: 1, type: 'NORMALIZE_PATH' },
];

const NO_TRANSFORMATION = [{ priority: 0, type: 'NONE' }];

/**
 * A web ACL for a distribution: rule groups of AWS, and two limits on requests to the service.
 *
 * Addresses alone are a poor measure on the night: whole households and whole cities of a mobile carrier share one. So a session is limited
 * narrowly, on what decides who may play, and an address widely, on everything. Who is limited gets 429 and
 * `Retry-After`, who meets a rule of AWS gets 403. Counted and blocked requests are logged, without cookies and credentials. Must stand in a
 * stack in us-east-1.
 *
 * @throws Error in a stack of another region, and without a path to limit.
 */
export class WebAcl extends Construct {
  readonly arn: string;
  /** Counted and blocked requests. */
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id);
    requireUsEast1(this);
    const { mode, logRetention = RetentionDays.THREE_MONTHS } = props;
    const rules = [...managedRules(mode), ...rateRules(props)];
    const webAcl = new CfnWebACL(this, 'Resource', {
      scope: 'CLOUDFRONT',
      description: mode === 'count' ? 'Counts, and turns nobody away' : 'Turns away what its rules match',
      defaultAction: { allow: {} },
      rules: rules.map((rule, priority) => ({ ...rule, priority, visibilityConfig: visibility(rule.name) })),
      visibilityConfig: visibility(Names.uniqueResourceName(this, { maxLength: 100 })),
    });
    this.arn = webAcl.attrArn;
    this.logGroup = this.log(webAcl, logRetention);
  }

  private log(webAcl: CfnWebACL, retention: RetentionDays): LogGroup {
    const logGroup = new LogGroup(this, 'Logs', {
      // WAF takes no other beginning.
      logGroupName: `aws-waf-logs-${Names.uniqueResourceName(this, { maxLength: 100, separator: '-' })}`,
      retention,
      // Kept, its name would stand in the way when the web ACL is turned on again.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new CfnLoggingConfiguration(this, 'Logging', {
      resourceArn: webAcl.attrArn,
      logDestinationConfigs: [
        // Not the group's own ARN: that ends with `:*`, which WAF refuses.
        Stack.of(this).formatArn({
          service: 'logs',
          resource: 'log-group',
          resourceName: logGroup.logGroupName,
          arnFormat: ArnFormat.COLON_RESOURCE_NAME,
        }),
      ],
      redactedFields: REDACTED_HEADERS.map((header) => ({ singleHeader: { Name: header } })),
      loggingFilter: {
        DefaultBehavior: 'DROP',
        Filters: [
          {
            Behavior: 'KEEP',
            Requirement: 'MEETS_ANY',
            Conditions: ['BLOCK', 'COUNT', 'EXCLUDED_AS_COUNT'].map((action) => ({
              ActionCondition: { Action: action },
            })),
          },
        ],
      },
    });
    return logGroup;
  }
}

type Rule = Omit<CfnWebACL.RuleProperty, 'priority' | 'visibilityConfig'>;

function managedRules(mode: WebAclProps['mode']): Rule[] {
  return MANAGED_GROUPS.map(({ name, countOnly }) => ({
    name: name.replace('AWSManagedRules', ''),
    statement: {
      managedRuleGroupStatement: {
        vendorName: 'AWS',
        name,
        // CloudFormation takes no empty list.
        ...(countOnly.length > 0 && {
          ruleActionOverrides: countOnly.map((rule) => ({ name: rule, actionToUse: { count: {} } })),
        }),
      },
    },
    overrideAction: mode === 'count' ? { count: {} } : { none: {} },
  }));
}

function rateRules({
  mode,
  limits: { perSession = 400, perAddress = 31_000 } = {},
  entitlementPaths = ['/api/play', '/api/heartbeat', '/api/exit'],
  servicePath = '/api/',
}: WebAclProps): Rule[] {
  const [first, ...others] = entitlementPaths.map(pathBeginsWith);
  if (first === undefined) {
    throw new Error(
      'entitlementPaths must name at least one path, got none; mend: leave it out for /api/play, /api/heartbeat and /api/exit',
    );
  }
  const action: CfnWebACL.RuleActionProperty =
    mode === 'count'
      ? { count: {} }
      : // A client that honours 503 honours this: it waits as long as the window still holds its requests.
        {
          block: {
            customResponse: { responseCode: 429, responseHeaders: [{ name: 'Retry-After', value: '60' }] },
          },
        };
  return [
    {
      name: 'RequestsPerSession',
      action,
      statement: {
        rateBasedStatement: {
          // Requests without the header, such as the play that opens a session, are left to the next rule.
          aggregateKeyType: 'CUSTOM_KEYS',
          customKeys: [{ ip: {} }, { header: { name: SESSION_HEADER, textTransformations: NO_TRANSFORMATION } }],
          limit: perSession,
          evaluationWindowSec: WINDOW_SECONDS,
          scopeDownStatement: others.length === 0 ? first : { orStatement: { statements: [first, ...others] } },
        },
      },
    },
    {
      name: 'RequestsPerAddress',
      action,
      statement: {
        rateBasedStatement: {
          aggregateKeyType: 'IP',
          limit: perAddress,
          evaluationWindowSec: WINDOW_SECONDS,
          scopeDownStatement: pathBeginsWith(servicePath),
        },
      },
    },
  ];
}

function pathBeginsWith(path: string): CfnWebACL.StatementProperty {
  return {
    byteMatchStatement: {
      fieldToMatch: { uriPath: {} },
      positionalConstraint: 'STARTS_WITH',
      searchString: path,
      textTransformations: PATH_TRANSFORMATIONS,
    },
  };
}

/** Metrics under the rule's name. No samples: the console would show cookies and credentials that the log leaves out. */
function visibility(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false, metricName };
}
