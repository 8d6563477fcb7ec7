import { join } from 'node:path';
import { Peer } from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { CfnRule, Duration, Fn, Stack, Validations, type StackProps } from 'aws-cdk-lib/core';
import type { Construct } from 'constructs';
import {
  type BuiltImage,
  type LayerProfile,
  PROFILE_DEFAULTS,
  type RepositoryImage,
  type StackEnvironment,
} from '../capacity/environment';
import { rollingTasks } from '../capacity/network';
import { ORIGIN_FACING_PREFIX_LISTS } from '../capacity/regions';
import { LogBucket } from '../constructs/log-bucket';
import { PlaybackTier } from '../constructs/playback-tier';
import { SessionTable } from '../constructs/session-table';
import { ZonedVpc } from '../constructs/zoned-vpc';

export interface PlaybackStackProps extends StackProps {
  readonly environment: StackEnvironment;
  /** The environment's layer `playback`. */
  readonly layer: LayerProfile;
}

/** Network, load balancer and service. Knows nothing of releases, so that a change of the calendar never rolls the service. */
export class PlaybackStack extends Stack {
  readonly tier: PlaybackTier;
  private readonly zoneIds: readonly string[];

  constructor(scope: Construct, id: string, { environment, layer, ...props }: PlaybackStackProps) {
    super(scope, id, props);
    this.zoneIds = environment.zoneIds;
    const { task } = environment;
    // The enumeration counts days as the environment does.
    const logRetention: RetentionDays = environment.logRetentionDays;
    const maximumPercent = layer.maximumPercent ?? PROFILE_DEFAULTS.maximumPercent;

    const logBucket = new LogBucket(this, 'Logs', { retention: Duration.days(environment.logRetentionDays) });
    Validations.of(logBucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'This bucket receives access and flow logs; logging the delivery of logs needs a bucket that has the same finding.',
    });
    const network = new ZonedVpc(this, 'Network', {
      zoneIds: environment.zoneIds,
      cidr: environment.vpcCidr,
      maximumTasks: rollingTasks(layer.maximum, maximumPercent),
      egress: environment.egress,
      logBucket,
      logRetention,
    });
    const sessions = new SessionTable(this, 'Sessions', {
      ...environment.sessionTable,
      deletionProtection: environment.deletionProtection,
    });
    this.tier = new PlaybackTier(this, 'PlaybackTier', {
      vpc: network.vpc,
      logBucket,
      // Checked with the environment, before anything is synthesized.
      ingress: [Peer.prefixList(ORIGIN_FACING_PREFIX_LISTS[environment.region]!)],
      image: this.playbackImage(task.image),
      port: task.port,
      cpu: task.cpu,
      memoryMiB: task.memoryMiB,
      containerEnvironment: { PORT: String(task.port), SESSION_TABLE: sessions.table.tableName },
      healthCheckPath: task.healthCheckPath,
      maximumPercent,
      logRetention,
      deletionProtection: environment.deletionProtection,
    });
    this.tier.service.node.addDependency(network.egressReady);
    const { taskDefinition } = this.tier.service;
    sessions.grantSessions(taskDefinition.taskRole);
    Validations.of(taskDefinition).acknowledge(
      {
        id: 'AwsSolutions-ECS2',
        reason:
          'The variables are a port and the name of a table, which the template shows anyway; no secret is among them.',
      },
      {
        id: 'AwsSolutions-IAM5[Resource::*]',
        reason:
          'ecr:GetAuthorizationToken is granted on no resource; what may be pulled is limited to the one repository.',
      },
    );
  }

  private playbackImage(image: RepositoryImage | BuiltImage): ContainerImage {
    if ('repository' in image) {
      if (/^sha256:0+$/.test(image.digest)) {
        Validations.of(this).addWarning(
          'prescale:image',
          `the image ${image.repository}@${image.digest.slice(0, 15)}… stands for your own, no task could start; ` +
            `mend: push one and write its digest as task.image into lib/environments.ts`,
        );
        // Templates are to be read before there is an image; a deploy would end half an hour later in a rollback that the protection of
        // the load balancer stops. So CloudFormation refuses it before it makes anything.
        new CfnRule(this, 'ImageIsYourOwn', {
          assertions: [
            {
              assert: Fn.conditionEquals(image.digest, 'a digest of your own'),
              assertDescription:
                'task.image in lib/environments.ts is a placeholder: write the digest of your own image',
            },
          ],
        });
      }
      const repository = Repository.fromRepositoryName(this, 'Images', image.repository);
      return ContainerImage.fromEcrRepository(repository, image.digest);
    }
    return ContainerImage.fromAsset(join(__dirname, '..', '..', image.folder), { platform: Platform.LINUX_AMD64 });
  }

  /** The environment's zone ids. Without this the CDK looks zones up with credentials once the account is known. */
  override get availabilityZones(): string[] {
    return [...this.zoneIds];
  }
}
