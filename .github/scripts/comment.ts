import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findPost, GitHubError, markedBody, type Repository, repositoryOf, request } from './github';
import { runScript } from './run-script';

const HELP = `node --import tsx .github/scripts/comment.ts --pull-request NUMBER --file FILE [--summary FILE] [--run URL]

Writes a Markdown file as the one comment of a pull request: the comment of an earlier run is updated in place.

  --run URL        where to look when FILE was never written
  --summary FILE   where the text goes when the token may not write, as on pull requests from forks and from Dependabot
                   (default: $GITHUB_STEP_SUMMARY)

Reads GITHUB_TOKEN (pull-requests: write), GITHUB_REPOSITORY and GITHUB_API_URL.
Exit codes: 0 written, 3 GitHub did not answer as expected.
`;

/** By it the comment is found again. */
export const MARKER = '<!-- prescale-diff -->';

/** Creates the comment, or updates the one that is there. */
export async function upsertComment(repository: Repository, pullRequest: number, text: string): Promise<void> {
  const body = markedBody(MARKER, text);
  const comments = `issues/${pullRequest}/comments`;
  const earlier = await findPost(repository, comments, MARKER);
  if (earlier) await request(repository, 'PATCH', `issues/comments/${earlier.id}`, { body });
  else await request(repository, 'POST', comments, { body });
}

/** Writes the comment, or the summary of the job where the token may not. Returns which. */
export async function publish(
  repository: Repository,
  pullRequest: number,
  text: string,
  summary: string,
): Promise<'comment' | 'summary'> {
  try {
    await upsertComment(repository, pullRequest, text);
    return 'comment';
  } catch (error) {
    if (!(error instanceof GitHubError) || error.status !== 403) throw error;
    appendFileSync(summary, `${text}\n`);
    return 'summary';
  }
}

/** What is in the file; when nobody has written it, that nothing is known, in place of what an earlier run said. */
function textOf(file: string, run: string): string {
  return existsSync(file)
    ? readFileSync(file, 'utf8')
    : `**Nothing is known of this change:** the comparison itself failed: ${run}\n`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      'pull-request': { type: 'string' },
      file: { type: 'string' },
      run: { type: 'string', default: 'in the log of the workflow' },
      summary: { type: 'string', default: process.env['GITHUB_STEP_SUMMARY'] },
    },
  });
  const { file, summary } = values;
  const pullRequest = Number(values['pull-request']);
  if (values.help || !Number.isSafeInteger(pullRequest) || file === undefined || summary === undefined) {
    (values.help ? process.stdout : process.stderr).write(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const where = await publish(repositoryOf(process.env), pullRequest, textOf(file, values.run), summary);
  process.stdout.write(
    where === 'comment'
      ? `the comment of pull request ${pullRequest} is up to date\n`
      : '::notice::the token may not write comments: what would have been the comment is the summary of this run\n',
  );
}

if (require.main === module) runScript(main);
