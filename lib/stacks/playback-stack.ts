import { join } from 'node:path';
import { Peer } from 'aws-cdk-lib/aws-ec2';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Stack, Validations, type StackProps } from 'aws-cdk-lib/core';
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
    const maximumPercent = layer.maximumPercent ?? PROFILE_DEFAULTS.maximumPercent;

    const logBucket = new LogBucket(this, 'Logs');
    Validations.of(logBucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'This bucket receives access and flow logs; logging the delivery of logs needs a bucket that has the same finding.',
    });
    const { vpc } = new ZonedVpc(this, 'Network', {
      zoneIds: environment.zoneIds,
      cidr: environment.vpcCidr,
      maximumTasks: rollingTasks(layer.maximum, maximumPercent),
      logBucket,
    });
    this.tier = new PlaybackTier(this, 'PlaybackTier', {
      vpc,
      logBucket,
      // Checked with the environment, before anything is synthesized.
      ingress: [Peer.prefixList(ORIGIN_FACING_PREFIX_LISTS[environment.region]!)],
      image: this.playbackImage(environment.task.image),
      port: environment.task.port,
      cpu: environment.task.cpu,
      memoryMiB: environment.task.memoryMiB,
      maximumPercent,
    });
  }

  private playbackImage(image: RepositoryImage | BuiltImage): ContainerImage {
    if ('repository' in image) {
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
