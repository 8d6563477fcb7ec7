import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const requirements = join(__dirname, 'requirements.txt');

/**
 * Jest's global setup: a virtual environment with moto, made once for each content of requirements.txt, under node_modules/.cache.
 *
 * Where there is no Python or no package index, the tests are skipped with a message; with REQUIRE_LOCAL_ACCOUNT=1 that fails.
 */
// oxlint-disable-next-line import/no-default-export
export default function preparePython(): void {
  const python = process.env['PYTHON'] ?? 'python3';
  try {
    const version = execFileSync(python, ['--version'], { encoding: 'utf8' }).trim();
    const key = createHash('sha256')
      .update(`${version}\n`)
      .update(readFileSync(requirements))
      .digest('hex')
      .slice(0, 16);
    const folder = join(__dirname, '..', '..', 'node_modules', '.cache', `local-account-${key}`);
    const ready = join(folder, 'ready');
    if (!existsSync(ready)) {
      process.stderr.write(`local account: installing moto into ${folder}\n`);
      rmSync(folder, { recursive: true, force: true });
      execFileSync(python, ['-m', 'venv', folder], { stdio: 'pipe' });
      const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements];
      execFileSync(join(folder, 'bin', 'python'), pip, { stdio: 'pipe' });
      writeFileSync(ready, '');
    }
    process.env['LOCAL_ACCOUNT_PYTHON'] = join(folder, 'bin', 'python');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message =
      `no local account: ${reason.trim()}\n` +
      `   = mend: install Python 3.11 or later with venv, and let pip reach a package index; PYTHON names another interpreter\n`;
    if (process.env['REQUIRE_LOCAL_ACCOUNT'] === '1') throw new Error(message, { cause: error });
    process.stderr.write(`${message}   the tests that deploy are skipped\n`);
  }
}
