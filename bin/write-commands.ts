import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Command } from 'commander';
import { buildProgram } from '../lib/commands/program';

/** The page with every option of every command. */
export const COMMANDS_PAGE = path.join(__dirname, '..', 'docs', 'commands.md');

const WIDTH = 120;

const HEAD = `# Commands

Every command with every option, as \`--help\` prints it. \`npm run commands\` writes this page; do not edit it.

In this repository write \`npm run -s prescale -- COMMAND\`; with the package installed, \`npx prescale COMMAND\`.
`;

/** The help of \`prescale\` and of each command as one page of Markdown. */
export function renderCommandsPage(): string {
  const silent = { out: () => undefined, err: () => undefined };
  const program = buildProgram(
    silent,
    () => new Date(0),
    () => undefined,
  );
  const sections = [program, ...program.commands].map((command) => {
    const name = command === program ? 'prescale' : `prescale ${command.name()}`;
    return `## ${name}\n\n\`\`\`text\n${helpOf(command).trimEnd()}\n\`\`\`\n`;
  });
  return [HEAD, ...sections].join('\n');
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => void (text += part), getOutHelpWidth: () => WIDTH });
  command.outputHelp();
  return text;
}

if (require.main === module) writeFileSync(COMMANDS_PAGE, renderCommandsPage());
