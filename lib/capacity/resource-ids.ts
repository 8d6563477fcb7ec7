/** The form of a resource id of Application Auto Scaling. */
export interface ResourceIdForm {
  readonly form: RegExp;
  /** For messages, for example `service/CLUSTER/SERVICE`. */
  readonly shown: string;
}

/** By the start of the dimension, as far as a wrong one is easily written. Names are AWS's to check. */
const RESOURCE_IDS: readonly (ResourceIdForm & { readonly dimensions: string })[] = [
  { dimensions: 'ecs:service:', form: /^service\/[^/\s]+\/[^/\s]+$/, shown: 'service/CLUSTER/SERVICE' },
  {
    dimensions: 'lambda:function:',
    form: /^function:[^:\s]+:(?!\$LATEST$)[^:\s]+$/,
    shown: 'function:NAME:ALIAS or function:NAME:VERSION, and not $LATEST',
  },
  { dimensions: 'dynamodb:table:', form: /^table\/[^/\s]+$/, shown: 'table/NAME' },
  { dimensions: 'dynamodb:index:', form: /^table\/[^/\s]+\/index\/[^/\s]+$/, shown: 'table/NAME/index/INDEX' },
  { dimensions: 'rds:cluster:', form: /^cluster:[^:/\s]+$/, shown: 'cluster:NAME' },
  {
    dimensions: 'elasticache:replication-group:',
    form: /^replication-group\/[^/\s]+$/,
    shown: 'replication-group/NAME',
  },
];

/** How resource ids of a dimension look; undefined where that is not known. */
export function resourceIdForm(dimension: string): ResourceIdForm | undefined {
  return RESOURCE_IDS.find(({ dimensions }) => dimension.startsWith(dimensions));
}
