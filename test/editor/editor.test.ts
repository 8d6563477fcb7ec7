import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { calendarFileSchema } from '../../lib/calendar/schema';

const ROOT = path.join(__dirname, '..', '..');

/** What the YAML extension of VS Code runs, and other editors with a language client. */
const SERVER = path.join(ROOT, 'node_modules', 'yaml-language-server', 'bin', 'yaml-language-server');

/** The settings of the extension as they come, but for what it would fetch from the network: the modeline alone names the schema. */
const SETTINGS = {
  yaml: {
    validate: true,
    hover: true,
    completion: true,
    schemaStore: { enable: false },
    kubernetesCRDStore: { enable: false },
  },
};

const CAPABILITIES = {
  workspace: { configuration: true, didChangeConfiguration: { dynamicRegistration: true } },
  textDocument: {
    completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown'] } },
    hover: { contentFormat: ['markdown'] },
  },
};

interface Complaint {
  readonly message: string;
  readonly range: { readonly start: { readonly line: number } };
}

interface Suggestion {
  readonly label: string;
  readonly insertText: string;
  readonly documentation?: string | { readonly value: string };
}

// The server takes a second to start; a busy machine is no reason to fail.
jest.setTimeout(30_000);

let folder: string;
let server: ChildProcess;
let connection: MessageConnection;
let opened = 0;

/** Diagnostics by the address of the file, as soon as they were published. */
const published = new Map<string, Complaint[]>();
const waiting = new Map<string, (complaints: Complaint[]) => void>();

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'prescale-editor-'));
  cpSync(path.join(ROOT, 'release-calendar'), folder, { recursive: true });
  const started = spawn(process.execPath, [SERVER, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  server = started;
  connection = createMessageConnection(new StreamMessageReader(started.stdout), new StreamMessageWriter(started.stdin));
  connection.onRequest('workspace/configuration', ({ items }: { items: { section: string }[] }) =>
    items.map(({ section }) => (section === 'yaml' ? SETTINGS.yaml : null)),
  );
  connection.onRequest('client/registerCapability', () => null);
  connection.onNotification(
    'textDocument/publishDiagnostics',
    ({ uri, diagnostics }: { uri: string; diagnostics: Complaint[] }) => {
      published.set(uri, diagnostics);
      waiting.get(uri)?.(diagnostics);
    },
  );
  connection.listen();
  const rootUri = pathToFileURL(folder).href;
  await connection.sendRequest('initialize', {
    processId: process.pid,
    rootUri,
    workspaceFolders: [{ uri: rootUri, name: 'release-calendar' }],
    capabilities: CAPABILITIES,
  });
  await connection.sendNotification('initialized', {});
});

afterAll(async () => {
  try {
    const ended = once(server, 'exit');
    await connection.sendRequest('shutdown');
    await connection.sendNotification('exit');
    await ended;
  } finally {
    // Nothing when it has ended, as it should.
    server.kill();
    connection.dispose();
    rmSync(folder, { recursive: true });
  }
});

/** Opens a text as a file of the calendar, and returns its address. */
async function open(text: string, name = `draft-${(opened += 1)}.yaml`): Promise<string> {
  const uri = pathToFileURL(path.join(folder, name)).href;
  await connection.sendNotification('textDocument/didOpen', {
    textDocument: { uri, languageId: 'yaml', version: 1, text },
  });
  return uri;
}

async function complaintsOn(text: string, name?: string): Promise<string[]> {
  const uri = await open(text, name);
  const complaints =
    published.get(uri) ??
    (await new Promise<Complaint[]>((resolve) => {
      waiting.set(uri, resolve);
    }));
  return complaints.map(({ message, range }) => `${range.start.line + 1}: ${message}`);
}

/** What is suggested where a text ends. */
async function suggestionsAfter(text: string): Promise<Suggestion[]> {
  const textDocument = { uri: await open(text) };
  const lines = text.split('\n');
  const position = { line: lines.length - 1, character: lines.at(-1)!.length };
  const { items } = await connection.sendRequest<{ items: Suggestion[] }>('textDocument/completion', {
    textDocument,
    position,
  });
  return items;
}

function documentationOf({ documentation }: Suggestion): string {
  return typeof documentation === 'object' ? documentation.value : (documentation ?? '');
}

/** What is shown over the first occurrence of a key. */
async function hoverOver(text: string, key: string): Promise<string> {
  const uri = await open(text);
  const line = text.split('\n').findIndex((candidate) => candidate.trimStart().startsWith(key));
  const character = text.split('\n')[line]!.indexOf(key) + 1;
  const hover = await connection.sendRequest<{ contents: { value: string } }>('textDocument/hover', {
    textDocument: { uri },
    position: { line, character },
  });
  // The last line names the schema's path.
  return hover.contents.value.split('\n\nSource: ')[0]!;
}

const HEAD = '# yaml-language-server: $schema=./schema.json\nreleases:\n';
const ENTRY = `${HEAD}  - id: a-new-release
    title: A new release
    premiere: 2026-12-04T19:00Z
    kind: season
    audience:
      peakViewers: 9_000_000
    warmUp: PT1H
`;

describe('what the calendar holds is not complained of', () => {
  const files = readdirSync(path.join(ROOT, 'release-calendar')).filter((name) => name.endsWith('.yaml'));

  test.each(files)('%s', async (name) => {
    const text = readFileSync(path.join(ROOT, 'release-calendar', name), 'utf8');
    expect(text).toMatch(/_000/);
    expect(await complaintsOn(text, name)).toEqual([]);
  });

  test('an instant, which looks like a timestamp, and numbers with and without _', async () => {
    expect(
      await complaintsOn(`${ENTRY}    observed: { peakViewers: 8000000, outageMinutes: 0.5, source: x }\n`),
    ).toEqual([]);
  });
});

describe('completion', () => {
  test('offers every key of a new entry, and says what it is', async () => {
    const releases = calendarFileSchema.shape.releases.element;
    const keys = Object.keys(releases.shape);
    const offered = await suggestionsAfter(`${HEAD}  - `);
    expect(offered.map(({ label }) => label)).toEqual(expect.arrayContaining(keys));
    const silent = offered.filter((suggestion) => keys.includes(suggestion.label) && !documentationOf(suggestion));
    expect(silent.map(({ label }) => label)).toEqual([]);
  });

  test('leaves out the keys that an entry has', async () => {
    const labels = (await suggestionsAfter(`${ENTRY}    `)).map(({ label }) => label);
    expect(labels).toContain('observed');
    expect(labels).not.toContain('audience');
  });

  test('writes a whole entry that has nothing to complain of', async () => {
    const offered = await suggestionsAfter(`${HEAD}  - `);
    const { insertText } = offered.find(({ label }) => label === 'a new release')!;
    const accepted = insertText.replaceAll(/\$\{\d+:([^}]*)\}/g, '$1').replaceAll(/\$\{\d+\|(\w+),[^}]*\}/g, '$1');
    expect(accepted).not.toContain('$');
    expect(await complaintsOn(`${HEAD}  - ${accepted.replaceAll('\n', '\n  ')}\n`)).toEqual([]);
  });

  test.each([
    ['kind', ['season', 'episode', 'finale', 'live']],
    ['status', ['tentative', 'confirmed', 'cancelled']],
  ])('offers the values of %s, each with what it means', async (key, values) => {
    const offered = await suggestionsAfter(`${HEAD}  - id: a\n    ${key}: `);
    expect(offered.map(({ label }) => label)).toEqual(values);
    expect(new Set(offered.map(documentationOf)).size).toBe(values.length);
    expect(offered.filter((suggestion) => !documentationOf(suggestion))).toEqual([]);
  });

  test('of audience writes no key that would be wrong by itself', async () => {
    const offered = await suggestionsAfter(`${HEAD}  - id: a\n    `);
    expect(offered.find(({ label }) => label === 'audience')!.insertText.trim()).toBe('audience:');
  });
});

describe('on hover', () => {
  test('audience shows both ways to state one', async () => {
    expect(await hoverOver(ENTRY, 'audience')).toMatchInlineSnapshot(`
     "#### Audience

     The forecast of the audience: either \`peakViewers\`, or \`like\` an earlier release with \`growth\`.

     Example:

     \`\`\`yaml
     peakViewers: 2000000
     uncertainty: 0.35
     \`\`\`

     Example:

     \`\`\`yaml
     like: stranger-things-5-finale
     growth: 1.3
     \`\`\`"
    `);
  });

  test('peakViewers shows which forecast is meant, and that _ may stand between digits', async () => {
    expect(await hoverOver(ENTRY, 'peakViewers')).toMatchInlineSnapshot(`
     "#### Peak of concurrent viewers

     Expected peak of concurrent viewers: the median forecast, as likely to be passed as not. \`_\` may stand between digits.

     Example:

     \`\`\`yaml
     2000000
     \`\`\`

     Example:

     \`\`\`yaml
     9_000_000
     \`\`\`"
    `);
  });

  test('premiere shows the three ways to write an instant', async () => {
    expect(await hoverOver(ENTRY, 'premiere')).toMatchInlineSnapshot(`
     "#### Premiere

     The instant at which it becomes available: an instant in UTC, or a local time with its IANA time zone. An offset decides an hour that exists twice: \`2027-11-07T01:30-08:00[America/Los_Angeles]\`.

     Example:

     \`\`\`yaml
     2025-12-31 17:00 America/Los_Angeles
     \`\`\`

     Example:

     \`\`\`yaml
     2025-12-31T17:00[America/Los_Angeles]
     \`\`\`

     Example:

     \`\`\`yaml
     2026-01-01T01:00Z
     \`\`\`"
    `);
  });

  test('kind shows what each value means', async () => {
    expect(await hoverOver(ENTRY, 'kind')).toMatchInlineSnapshot(`
     "#### Kind

     How the audience arrives.

     Allowed Values:

     * \`season\`: Many episodes at once: people arrive over hours.
     * \`episode\`: One episode: people arrive over a quarter of an hour.
     * \`finale\`: The end of it: all arrive at once.
     * \`live\`: A live event: people arrive before the start and stay to the end. Needs \`length\`."
    `);
  });

  test('warmUp shows what it is, and what it is when it is left out', async () => {
    expect(await hoverOver(ENTRY, 'warmUp')).toMatchInlineSnapshot(`
     "#### Warm-up

     Full capacity this long before the premiere; at most P2D. By default PT1H, for an episode PT30M.

     Example:

     \`\`\`yaml
     PT1H
     \`\`\`

     Example:

     \`\`\`yaml
     PT30M
     \`\`\`"
    `);
  });
});

test.each([
  ['a key that nobody knows', ENTRY.replace('warmUp', 'warmup'), ['9: Property warmup is not allowed.']],
  ['a number in words', ENTRY.replace('9_000_000', 'many'), ['8: write digits, for example 2_000_000']],
  ['a list for a number', ENTRY.replace('9_000_000', '[9]'), ['8: Incorrect type. Expected one of integer, string.']],
  ['a missing title', ENTRY.replace('    title: A new release\n', ''), ['3: Missing property "title".']],
  ['neither audience nor floors', ENTRY.replace(/ {4}audience:\n.*\n/, ''), ['3: Missing property "audience".']],
  [
    'a kind that does not exist',
    ENTRY.replace('season', 'series'),
    ['6: Value is not accepted. Valid values: "season", "episode", "finale", "live".'],
  ],
  ['a live event without a length', ENTRY.replace('season', 'live'), ['3: Missing property "length".']],
  [
    'a local time without its zone',
    ENTRY.replace('2026-12-04T19:00Z', '2026-12-04 19:00'),
    [
      '5: write a local time and its zone, for example 2025-12-31 17:00 America/Los_Angeles, or an instant in UTC, for example 2026-01-01T01:00Z',
    ],
  ],
  ['a duration in words', ENTRY.replace('PT1H', '1 hour'), ['9: write an ISO 8601 duration, for example PT1H']],
  [
    'two forecasts',
    ENTRY.replace('9_000_000', '9_000_000\n      like: an-earlier-release'),
    ['8: Matches multiple schemas when only one must validate.'],
  ],
])('while typing, %s is complained of where it is', async (_, text, complaints) => {
  expect(await complaintsOn(text)).toEqual(complaints);
});
