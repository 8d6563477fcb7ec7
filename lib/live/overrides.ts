import {
  DeleteParameterCommand,
  GetParameterCommand,
  paginateGetParametersByPath,
  PutParameterCommand,
} from '@aws-sdk/client-ssm';
import { type Override, readOverride } from '../capacity/override';
import { overridesPath, type RecordOwner } from '../capacity/parameter-paths';
import { attempt, isTrouble } from './attempt';
import type { LiveClients } from './clients';
import type { Trouble } from './trouble';

type Parameters = Pick<LiveClients, 'parameters'>;

/** As AWS and as the SDK call it. */
const EXISTS = new Set(['ParameterAlreadyExists', 'ParameterAlreadyExistsException']);

/** The records of one target. */
export interface FoundOverrides {
  /** In the order in which they were made. */
  readonly overrides: readonly Override[];
  /** Parameters that are no override, which the guard does not follow. */
  readonly unreadable: readonly { readonly name: string; readonly problem: string }[];
}

/** Reads what people have decided for a target, page by page; none where there are none. */
export function readOverrides({ parameters }: Parameters, owner: RecordOwner): Promise<FoundOverrides | Trouble> {
  return attempt(async () => {
    const overrides: Override[] = [];
    const unreadable: { name: string; problem: string }[] = [];
    for await (const page of paginateGetParametersByPath({ client: parameters }, { Path: overridesPath(owner) })) {
      for (const { Name = '', Value = '' } of page.Parameters ?? []) {
        const override = readOverride(Value);
        if (typeof override === 'string') unreadable.push({ name: Name, problem: override });
        else overrides.push(override);
      }
    }
    overrides.sort((a, b) => a.id.localeCompare(b.id));
    return { overrides, unreadable };
  });
}

/** Writes a record of its own, so that nobody's is lost. */
export function writeOverride(
  clients: Parameters,
  owner: RecordOwner,
  override: Override,
): Promise<Trouble | undefined> {
  return put(clients, owner, override, false);
}

/** Writes a record anew, such as one that is to end earlier. */
export function replaceOverride(
  clients: Parameters,
  owner: RecordOwner,
  override: Override,
): Promise<Trouble | undefined> {
  return put(clients, owner, override, true);
}

/** Deletes a record; that somebody was faster is no trouble. */
export function deleteOverride(
  { parameters }: Parameters,
  owner: RecordOwner,
  { id }: Pick<Override, 'id'>,
): Promise<Trouble | undefined> {
  return attempt(async () => {
    try {
      await parameters.send(new DeleteParameterCommand({ Name: `${overridesPath(owner)}/${id}` }));
    } catch (error) {
      if (!(error instanceof Error && error.name === 'ParameterNotFound')) throw error;
    }
    return undefined;
  });
}

function put(
  { parameters }: Parameters,
  owner: RecordOwner,
  override: Override,
  overwrite: boolean,
): Promise<Trouble | undefined> {
  const Name = `${overridesPath(owner)}/${override.id}`;
  const Value = JSON.stringify(override);
  return attempt(async () => {
    try {
      await parameters.send(new PutParameterCommand({ Name, Type: 'String', Value, Overwrite: overwrite }));
    } catch (error) {
      if (overwrite || !(error instanceof Error && EXISTS.has(error.name))) throw error;
      // The SDK tries again when an answer was lost: then what is there is our own.
      const stored = await attempt(() => parameters.send(new GetParameterCommand({ Name })));
      if (isTrouble(stored)) {
        const message = `an answer was lost, and the record cannot be read back: ${stored.message}`;
        return { ...stored, kind: 'network', message } as const;
      }
      if (stored.Parameter?.Value !== Value) throw error;
    }
    return undefined;
  });
}
