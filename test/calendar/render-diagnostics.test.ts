import type { Diagnostic } from '../../lib/calendar/diagnostic';
import { renderDiagnostics } from '../../lib/calendar/render-diagnostics';

const base: Diagnostic = {
  severity: 'error',
  code: 'calendar/peak-viewers',
  message: 'peakViewers is odd, got "2m"',
  mend: 'write 2000000',
};

function at(sourceLine: string, marked: string, line = 17): Diagnostic {
  return { ...base, file: 'a.yaml', line, column: sourceLine.indexOf(marked) + 1, sourceLine, length: marked.length };
}

test('a diagnostic shows place, line, caret and mend', () => {
  expect(renderDiagnostics([at('      peakViewers: 2m', '2m')])).toMatchInlineSnapshot(`
"a.yaml:17:20: peakViewers is odd, got "2m" [calendar/peak-viewers]
17 |       peakViewers: 2m
   |                    ^^
   = mend: write 2000000
"
`);
});

test('a warning says so behind its place', () => {
  expect(renderDiagnostics([{ ...at('x: 2m', '2m', 3), severity: 'warning' }])).toMatchInlineSnapshot(`
"a.yaml:3:4: warning: peakViewers is odd, got "2m" [calendar/peak-viewers]
3 | x: 2m
  |    ^^
  = mend: write 2000000
"
`);
});

test('without a line or a file only what is known is shown', () => {
  const bare = { ...base, mend: undefined };
  expect(renderDiagnostics([{ ...base, file: 'release-calendar' }, bare])).toMatchInlineSnapshot(`
"release-calendar: peakViewers is odd, got "2m" [calendar/peak-viewers]
   = mend: write 2000000
peakViewers is odd, got "2m" [calendar/peak-viewers]
"
`);
  expect(renderDiagnostics([])).toBe('');
});

function caretLines(sourceLine: string, marked: string): string[] {
  return renderDiagnostics([at(sourceLine, marked, 1)])
    .split('\n')
    .slice(1, 3);
}

test('tabs stay tabs, so that the caret stands below its value whatever a tab is wide', () => {
  expect(caretLines('\t\tx:\t2m', '2m')).toEqual(['1 | \t\tx:\t2m', '  | \t\t  \t^^']);
});

test('wide letters count two columns, marks on letters none', () => {
  expect(caretLines('イカ 🦑: 2m', '2m')).toEqual(['1 | イカ 🦑: 2m', '  |          ^^']);
  expect(caretLines('e\u0301a\u0308: 2m', '2m')).toEqual(['1 | e\u0301a\u0308: 2m', '  |     ^^']);
  expect(caretLines('x: 🦑', '🦑')).toEqual(['1 | x: 🦑', '  |    ^^']);
});

test('control characters cannot move the caret or colour the terminal', () => {
  expect(caretLines('\u001b[31mx\u0007: 2m', '2m')).toEqual(['1 | \ufffd[31mx\ufffd: 2m', '  |          ^^']);
});

test('a long line is cut around the caret', () => {
  const [source, caret] = caretLines(`${'before '.repeat(200)}2m${' after'.repeat(30_000)}`, '2m') as [string, string];
  expect(source.length).toBeLessThan(130);
  expect(source).toMatch(/^1 \| ….*…$/);
  expect(source.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1)).toBe('2m');
});

test('a caret behind the end of the line stands behind it', () => {
  expect(
    renderDiagnostics([{ ...base, file: 'a.yaml', line: 1, column: 9, sourceLine: 'x: "2m', length: 40 }]),
  ).toContain('1 | x: "2m\n  |       ^\n');
});
