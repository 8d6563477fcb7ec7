/** What records belong to: the dimensions of the guard's metrics, too. */
export interface RecordOwner {
  /** The name of the environment. */
  readonly environment: string;
  /** Region and layer, for example `us-east-1/playback`. */
  readonly target: string;
}

/** Where overrides of a target are kept, one parameter of Systems Manager for each. */
export function overridesPath(owner: RecordOwner): string {
  return `${rootPath(owner)}/overrides`;
}

/** Where results of drills of a target are kept, one parameter for each. */
export function drillsPath(owner: RecordOwner): string {
  return `${rootPath(owner)}/drills`;
}

function rootPath({ environment, target }: RecordOwner): string {
  return `/prescale/${environment}/${target}`;
}
