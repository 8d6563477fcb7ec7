import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Diagnostic } from '../../lib/calendar/diagnostic';
import { loadCalendar, readCalendar } from '../../lib/calendar/read-calendar';
import { renderDiagnostics } from '../../lib/calendar/render-diagnostics';

const ENTRY = (id: string) => `releases:
  - id: ${id}
    title: A release
    premiere: 2026-12-04T19:00Z
    kind: episode
    floors: { playback: 60 }
`;

let root: string;
const before = process.cwd();

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'calendar-'));
  process.chdir(root);
  mkdirSync('cal');
});

afterEach(() => {
  process.chdir(before);
  rmSync(root, { recursive: true });
});

test('every *.yaml file of the folder belongs to the calendar, named as the folder was given', () => {
  writeFileSync('cal/b.yaml', ENTRY('b'));
  writeFileSync('cal/a.yaml', ENTRY('a'));
  writeFileSync('cal/.c.yaml', 'hidden');
  writeFileSync('cal/schema.json', '{}');
  const names = (dir: string) => readCalendar(dir).files.map(({ file }) => file);
  expect(names('cal')).toEqual(['cal/a.yaml', 'cal/b.yaml']);
  expect(names('./cal/')).toEqual(['cal/a.yaml', 'cal/b.yaml']);
  expect(names(path.join(root, 'cal'))).toEqual([`${root}/cal/a.yaml`, `${root}/cal/b.yaml`]);
  expect(loadCalendar('cal').calendar?.releases.map(({ id }) => id)).toEqual(['a', 'b']);
});

test('a file that would silently be ignored stops the calendar, and the others are checked all the same', () => {
  writeFileSync('cal/a.yaml', 'releases: none\n');
  writeFileSync('cal/b.yml', ENTRY('b'));
  writeFileSync('cal/c.YAML', ENTRY('c'));
  expect(loadCalendar('cal').calendar).toBeUndefined();
  expect(renderDiagnostics(loadCalendar('cal').diagnostics)).toMatchInlineSnapshot(`
   "cal/a.yaml:1:11: releases must be a list, got "none" [calendar/releases]
   1 | releases: none
     |           ^^^^
     = mend: begin each entry below releases with a hyphen
   cal/b.yml: only *.yaml files belong to the calendar, got "b.yml" [calendar/file-name]
      = mend: rename it to b.yaml
   cal/c.YAML: only *.yaml files belong to the calendar, got "c.YAML" [calendar/file-name]
      = mend: rename it to c.yaml
   "
  `);
});

test('a misnamed file stops the calendar even when all others are right', () => {
  writeFileSync('cal/a.yaml', ENTRY('a'));
  writeFileSync('cal/b.yml', ENTRY('b'));
  expect(loadCalendar('cal').calendar).toBeUndefined();
});

test('a folder that is missing, is none, holds nothing, or holds a folder in place of a file is named', () => {
  writeFileSync('file', '');
  mkdirSync('odd/a.yaml', { recursive: true });
  const output = ['nowhere', 'file', 'cal', 'odd'].flatMap((dir) => loadCalendar(dir).diagnostics);
  expect(renderDiagnostics(output)).toMatchInlineSnapshot(`
   "nowhere: the calendar folder does not exist, got "nowhere" [calendar/folder]
      = mend: name the folder that holds the *.yaml files
   file: the calendar folder is not a folder, got "file" [calendar/folder]
      = mend: name the folder that holds the *.yaml files
   cal: the calendar folder holds no *.yaml file [calendar/no-files]
      = mend: add one, for example cal/releases.yaml
   odd/a.yaml: this is not a file [calendar/unreadable-file]
      = mend: move it away
   "
  `);
});

describe('a file that is no text', () => {
  const inFolder = (make: (folder: string) => void): readonly Diagnostic[] => {
    const folder = mkdtempSync(path.join(tmpdir(), 'prescale-text-'));
    try {
      make(folder);
      return readCalendar(folder).diagnostics;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test.each([
    ['Latin-1', Buffer.from('releases: [] # Caf\xe9\n', 'latin1')],
    ['UTF-16', Buffer.from('\ufeffreleases: []\n', 'utf16le')],
    ['bytes with NUL', Buffer.from('releases: []\n\0')],
  ])('in %s is refused as a whole', (_, bytes) => {
    const diagnostics = inFolder((folder) => writeFileSync(path.join(folder, 'a.yaml'), bytes));
    expect(diagnostics.map(({ message, mend }) => [message, mend])).toEqual([
      ['the file is not text in UTF-8', 'save it as UTF-8, or move it away'],
    ]);
  });

  test('but a pipe is not waited for', () => {
    const diagnostics = inFolder((folder) => execFileSync('mkfifo', [path.join(folder, 'a.yaml')]));
    expect(diagnostics.map(({ message }) => message)).toEqual(['this is not a file']);
  });
});
