import { readFileSync } from 'node:fs';
import { join } from 'node:path';

describe('the error page', () => {
  const page = readFileSync(join(__dirname, '..', '..', 'assets', 'error-page', '5xx.html'), 'utf8');

  test('loads nothing, because nothing else may load', () => {
    expect(page).not.toMatch(/https?:|<script|<img|@import|url\(|src=/i);
    expect(Buffer.byteLength(page)).toBeLessThan(30_000);
  });

  test('states its language, follows the scheme of the system and offers another try', () => {
    expect(page).toMatch(/<html lang="en">/);
    expect(page).toMatch(/prefers-color-scheme: dark/);
    expect(page).toMatch(/<a href="">Try again<\/a>/);
  });
});
