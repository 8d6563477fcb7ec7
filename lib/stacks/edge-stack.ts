import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IApplicationLoadBalancer } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import type { EdgeDomain, StackEnvironment } from '../capacity/environment';
import { AlarmTopic } from '../constructs/alarm-topic';
import { EdgeAlarms } from '../constructs/edge-alarms';
import { EdgeDistribution, type DistributionDomain } from '../constructs/edge-distribution';
import { LogBucket } from '../constructs/log-bucket';
import { WebAcl } from '../constructs/web-acl';

export interface EdgeStackProps extends StackProps {
  /** Load balancer of the playback service, in this or another region. */
  readonly playback: IApplicationLoadBalancer;
  readonly environment: StackEnvironment;
}

/** What viewers reach. Stands in us-east-1, whatever the environment's region. */
export class EdgeStack extends Stack {
  constructor(scope: Construct, id: string, { playback, environment, ...props }: EdgeStackProps) {
    super(scope, id, props);
    const {
      edge: { webAcl, originShield, accessLogs, domain },
      alarms,
      logRetentionDays,
    } = environment;

    const edge = new EdgeDistribution(this, 'Edge', {
      playback,
      originShield,
      accessLogs,
      logBucket: new LogBucket(this, 'Logs', { retention: Duration.days(logRetentionDays) }),
      logRetention: logRetentionDays,
      ...(domain && { domain: this.importDomain(domain) }),
      ...(webAcl !== 'off' && {
        webAcl: new WebAcl(this, 'WebAcl', { mode: webAcl, logRetention: logRetentionDays }),
      }),
    });
    if (alarms !== 'off') {
      // CloudFront publishes here alone, and an alarm tells a topic of its own region.
      const wake = new AlarmTopic(this, 'Wake', {
        displayName: `prescale ${environment.name}`,
        subscribers: alarms.wake,
      });
      new EdgeAlarms(this, 'EdgeAlarms', { name: environment.name, distribution: edge.distribution, wake });
    }
    new CfnOutput(this, 'DomainName', { value: edge.distribution.distributionDomainName });
    if (edge.accessLogs) new CfnOutput(this, 'AccessLogTable', { value: edge.accessLogs.table });
  }

  private importDomain({ names, certificateArn, hostedZone }: EdgeDomain): DistributionDomain {
    return {
      names,
      ...(certificateArn !== undefined && {
        certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
      }),
      ...(hostedZone && {
        hostedZone: HostedZone.fromHostedZoneAttributes(this, 'HostedZone', {
          hostedZoneId: hostedZone.id,
          zoneName: hostedZone.name,
        }),
      }),
    };
  }
}
