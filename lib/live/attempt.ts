import { type Trouble, troubleOf } from './trouble';

/** What a call returns, or why it could not be made. @throws what is a mistake of this tool */
export async function attempt<T>(call: () => Promise<T>): Promise<T | Trouble> {
  try {
    return await call();
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === undefined) throw error;
    return trouble;
  }
}

/** Overrides have a kind, too. */
export function isTrouble(value: unknown): value is Trouble {
  return typeof value === 'object' && value !== null && 'kind' in value && 'mend' in value;
}
