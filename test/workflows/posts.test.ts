import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { MARKER as COMMENT, publish, upsertComment } from '../../.github/scripts/comment';
import { type Post, type Repository, repositoryOf } from '../../.github/scripts/github';
import { keepIssue, MARKER as ISSUE } from '../../.github/scripts/issue';

/** Posts as GitHub would hold them: the comments of pull request 7, or the issues. */
let posts: (Post & { readonly title?: string; readonly state?: string })[];
let calls: string[];
/** The status with which writes are refused; undefined when they are not. */
let refusal: number | undefined;
let server: Server;
let repository: Repository;

const WORKFLOWS = { login: 'github-actions[bot]' };

/** As much of GitHub's API as the scripts ask for. */
beforeAll(async () => {
  server = createServer((request, answer) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const send = (status: number, body: unknown): void => {
        answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      };
      const target = pathname.replace('/repos/owner/name/', '');
      calls.push(`${request.method} ${target}`);
      if (request.headers.authorization !== 'Bearer secret') {
        send(401, { message: 'Bad credentials' });
        return;
      }
      if (request.method === 'GET') {
        const size = Number(searchParams.get('per_page'));
        const first = (Number(searchParams.get('page')) - 1) * size;
        const open = posts.filter(({ state = 'open' }) => !searchParams.has('state') || state === 'open');
        send(200, open.slice(first, first + size));
        return;
      }
      if (refusal !== undefined) {
        send(refusal, { message: 'Resource not accessible by integration' });
        return;
      }
      const sent = JSON.parse(Buffer.concat(chunks).toString());
      if (request.method === 'POST') {
        posts.push({ id: posts.length + 1, number: posts.length + 1, user: WORKFLOWS, ...sent });
        send(201, posts.at(-1));
        return;
      }
      const id = Number(target.split('/').at(-1));
      posts = posts.map((post) => (post.id === id ? { ...post, ...sent } : post));
      send(200, {});
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, 'localhost', resolve);
  });
  const { port } = server.address() as AddressInfo;
  repository = { apiUrl: `http://localhost:${port}`, name: 'owner/name', token: 'secret' };
});

afterAll(
  () =>
    new Promise<void>((resolve) => {
      server.closeAllConnections();
      server.close(() => resolve());
    }),
);

beforeEach(() => {
  posts = [];
  calls = [];
  refusal = undefined;
});

function chatter(count: number): Post[] {
  return Array.from({ length: count }, (_, index) => ({ id: index + 1, number: index + 1, body: 'hello' }));
}

describe('the comment of a pull request', () => {
  test('is written once and updated in place', async () => {
    posts = chatter(2);
    await upsertComment(repository, 7, 'first');
    await upsertComment(repository, 7, 'second');
    expect(posts.map(({ body }) => body)).toEqual(['hello', 'hello', `${COMMENT}\nsecond`]);
    expect(calls).toEqual([
      'GET issues/7/comments',
      'POST issues/7/comments',
      'GET issues/7/comments',
      'PATCH issues/comments/3',
    ]);
  });

  test('is found behind a hundred others', async () => {
    posts = [...chatter(100), { id: 101, user: WORKFLOWS, body: `${COMMENT}\nfirst` }, { id: 102, body: null }];
    await upsertComment(repository, 7, 'second');
    expect(posts).toHaveLength(102);
    expect(posts[100]!.body).toBe(`${COMMENT}\nsecond`);
  });

  test('is never that of somebody else who writes the marker, nor one that quotes it', async () => {
    posts = [
      { id: 1, user: { login: 'mallory' }, body: `${COMMENT}\nmine` },
      { id: 2, user: WORKFLOWS, body: `> ${COMMENT}` },
    ];
    await upsertComment(repository, 7, `${COMMENT}\nverdict`);
    expect(posts.map(({ body }) => body)).toEqual([`${COMMENT}\nmine`, `> ${COMMENT}`, `${COMMENT}\nverdict`]);
  });

  test('is cut to what GitHub takes, and says so', async () => {
    await upsertComment(repository, 7, 'x'.repeat(70_000));
    const { body } = posts[0]!;
    expect(body!.length).toBeLessThanOrEqual(65_536);
    expect(body).toMatch(/x\n\n… cut: the rest is in the log of the workflow\.\n$/);
  });

  describe('that may not be written', () => {
    let folder: string;
    let summary: string;

    beforeEach(() => {
      folder = mkdtempSync(path.join(tmpdir(), 'prescale-comment-'));
      summary = path.join(folder, 'summary.md');
      writeFileSync(summary, 'before\n');
    });

    afterEach(() => rmSync(folder, { recursive: true }));

    test('goes to the summary of the run, as from a fork', async () => {
      refusal = 403;
      expect(await publish(repository, 7, 'verdict', summary)).toBe('summary');
      expect(readFileSync(summary, 'utf8')).toBe('before\nverdict\n');
    });

    test('because GitHub is down is an error, with what it said', async () => {
      refusal = 502;
      await expect(publish(repository, 7, 'verdict', summary)).rejects.toThrow(
        'POST issues/7/comments: GitHub answered 502 {"message":"Resource not accessible by integration"}',
      );
    });

    test('because the token is wrong is an error', async () => {
      await expect(publish({ ...repository, token: 'other' }, 7, 'verdict', summary)).rejects.toThrow('401');
    });
  });

  test('that may be written leaves the summary alone', async () => {
    expect(await publish(repository, 7, 'verdict', '/nowhere/summary.md')).toBe('comment');
  });
});

describe('the issue of the nightly', () => {
  const bad = { title: 'prod is no go', text: 'quotas', ok: false };

  test('is opened once, updated in place, and closed when all is well', async () => {
    expect(await keepIssue(repository, bad)).toBe('opened');
    expect(await keepIssue(repository, { ...bad, text: 'guard' })).toBe('updated');
    expect(posts).toMatchObject([{ title: 'prod is no go', body: `${ISSUE}\nguard` }]);
    expect(await keepIssue(repository, { ...bad, text: 'fine', ok: true })).toBe('closed');
    expect(posts).toMatchObject([{ state: 'closed', state_reason: 'completed' }]);
    expect(await keepIssue(repository, { ...bad, ok: true })).toBe('nothing');
    expect(await keepIssue(repository, bad)).toBe('opened');
    expect(posts).toHaveLength(2);
  });

  test('is never a pull request that quotes it', async () => {
    posts = [{ id: 1, number: 1, user: WORKFLOWS, body: ISSUE, pull_request: {} }];
    expect(await keepIssue(repository, bad)).toBe('opened');
  });
});

test('without a token the mend says how to get one', () => {
  expect(() => repositoryOf({ GITHUB_REPOSITORY: 'owner/name' })).toThrow('gh auth token');
  expect(repositoryOf({ GITHUB_REPOSITORY: 'owner/name', GITHUB_TOKEN: 'x' }).apiUrl).toBe('https://api.github.com');
});
