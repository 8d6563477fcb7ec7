import { readFileSync } from 'node:fs';
import { COMMANDS_PAGE, renderCommandsPage } from '../../bin/write-commands';

test('docs/commands.md has every option of every command, as --help prints it: npm run commands', () => {
  expect(readFileSync(COMMANDS_PAGE, 'utf8')).toBe(renderCommandsPage());
});
