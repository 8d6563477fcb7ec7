/** Seconds for one answer of GitHub. */
const TIMEOUT_SECONDS = 30;

/** GitHub takes so many characters in a comment or an issue. */
const LONGEST_BODY = 65_536;

/** An answer of GitHub that is no success. */
export class GitHubError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Where to ask, and as whom. */
export interface Repository {
  /** For example `https://api.github.com`. */
  readonly apiUrl: string;
  /** `owner/name`. */
  readonly name: string;
  readonly token: string;
}

/** What GitHub tells of a comment or an issue. */
export interface Post {
  readonly id: number;
  readonly number?: number;
  readonly body: string | null;
  readonly user?: { readonly login: string } | null;
  /** Present when an issue is a pull request. */
  readonly pull_request?: object;
}

/** The repository and the token, as GitHub hands them to a workflow. */
export function repositoryOf(environment: NodeJS.ProcessEnv): Repository {
  const { GITHUB_API_URL: apiUrl, GITHUB_REPOSITORY: name, GITHUB_TOKEN: token } = environment;
  if (!name || !token) {
    throw new Error('GITHUB_REPOSITORY and GITHUB_TOKEN must be set; mend: export GITHUB_TOKEN="$(gh auth token)"');
  }
  return { apiUrl: apiUrl ?? 'https://api.github.com', name, token };
}

/** @throws GitHubError when the answer is no success; TypeError when there is none. */
export async function request(
  { apiUrl, name, token }: Repository,
  method: 'GET' | 'POST' | 'PATCH',
  path: string,
  body?: object,
): Promise<unknown> {
  const answer = await fetch(`${apiUrl}/repos/${name}/${path}`, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'x-github-api-version': '2022-11-28',
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TIMEOUT_SECONDS * 1000),
  });
  const text = await answer.text();
  if (!answer.ok) {
    throw new GitHubError(answer.status, `${method} ${path}: GitHub answered ${answer.status} ${text.slice(0, 500)}`);
  }
  return JSON.parse(text);
}

/** Whose posts those of the workflows are: a marker in anybody else's is a quotation. */
const AUTHOR = 'github-actions[bot]';

/** The first post of the workflows in a paged list whose text begins with a marker. */
export async function findPost(repository: Repository, list: string, marker: string): Promise<Post | undefined> {
  const size = 100;
  for (let page = 1; ; page += 1) {
    const separator = list.includes('?') ? '&' : '?';
    // oxlint-disable-next-line no-await-in-loop -- one page tells whether there is another
    const posts = (await request(
      repository,
      'GET',
      `${list}${separator}per_page=${size}&page=${page}`,
    )) as readonly Post[];
    const found = posts.find(
      (post) => !post.pull_request && post.user?.login === AUTHOR && post.body?.startsWith(marker),
    );
    if (found || posts.length < size) return found;
  }
}

/** Text with its marker, cut to what GitHub takes. */
export function markedBody(marker: string, text: string): string {
  const note = '\n\n… cut: the rest is in the log of the workflow.\n';
  const head = text.startsWith(marker) ? '' : `${marker}\n`;
  const room = LONGEST_BODY - head.length;
  return `${head}${text.length <= room ? text : text.slice(0, room - note.length) + note}`;
}
