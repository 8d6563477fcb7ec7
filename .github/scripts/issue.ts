import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findPost, markedBody, type Repository, repositoryOf, request } from './github';
import { runScript } from './run-script';

const HELP = `node --import tsx .github/scripts/issue.ts --title TITLE --outcome OUTCOME --file FILE --run URL

Keeps one issue open while something is not as it should be: opens it, updates it in place, and closes it when all is well.

  --outcome OUTCOME   success closes the issue; all else opens or updates it
  --file FILE         its text, as Markdown; may be missing when the run failed before it was written
  --run URL           the run of the workflow

Reads GITHUB_TOKEN (issues: write), GITHUB_REPOSITORY and GITHUB_API_URL.
Exit codes: 0 done, 3 GitHub did not answer as expected.
`;

/** By it the issue is found again. */
export const MARKER = '<!-- prescale-nightly -->';

export interface Report {
  readonly title: string;
  readonly text: string;
  /** Whether all is well. */
  readonly ok: boolean;
}

/** Opens, updates or closes the issue; returns what it did. */
export async function keepIssue(
  repository: Repository,
  { title, text, ok }: Report,
): Promise<'opened' | 'updated' | 'closed' | 'nothing'> {
  const issue = await findPost(repository, 'issues?state=open', MARKER);
  const body = markedBody(MARKER, text);
  if (!issue) {
    if (ok) return 'nothing';
    await request(repository, 'POST', 'issues', { title, body });
    return 'opened';
  }
  await request(repository, 'PATCH', `issues/${issue.number}`, {
    ...(ok ? { state: 'closed', state_reason: 'completed' } : { title }),
    body,
  });
  return ok ? 'closed' : 'updated';
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      title: { type: 'string' },
      outcome: { type: 'string' },
      file: { type: 'string' },
      run: { type: 'string' },
    },
  });
  const { title, outcome, file, run } = values;
  if (values.help || !title || !outcome || !file || !run) {
    (values.help ? process.stdout : process.stderr).write(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const text = existsSync(file) ? readFileSync(file, 'utf8') : 'The run failed before there was anything to report.\n';
  const done = await keepIssue(repositoryOf(process.env), {
    title,
    text: `${text}\nThe run: ${run}\n`,
    ok: outcome === 'success',
  });
  process.stdout.write(`issue: ${done}\n`);
}

if (require.main === module) runScript(main);
