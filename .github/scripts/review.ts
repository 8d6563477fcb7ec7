import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { fenced, prescale, type Ran, type RunCommand, runCommand } from './run-command';
import { runScript } from './run-script';

const HELP = `node --import tsx .github/scripts/review.ts --base REF [--rehearse ENV] [--accept-lower] [--output FILE]

What a pull request does to the plan, as the Markdown of its comment: prescale diff first, then check, and the rehearsal against the outage
budget. The commands print to stderr as they run.

  --base REF       what to compare with, for example origin/main
  --rehearse ENV   environment whose coming releases are rehearsed (default prod)
  --accept-lower   a live floor that falls is meant: the label accept-lower of the pull request
  --output FILE    where the Markdown goes (default: stdout)

Exit codes: 0 all of them ended well, 1 one of them did not.
`;

/** A log is read in the log; a comment shows its beginning. Characters. */
const LONGEST_PART = 12_000;

export interface Review {
  readonly ok: boolean;
  /** The comment. */
  readonly markdown: string;
}

/** Runs the three commands and puts together what they say. */
export async function review(run: RunCommand, base: string, rehearsed: string, acceptLower = false): Promise<Review> {
  const check = await prescale(run, 'check');
  // Without a plan there is nothing to rehearse; the comparison says itself what is missing.
  const rehearsal = check.code === 0 ? await prescale(run, 'check', '--env', rehearsed, '--rehearse') : undefined;
  const meant = acceptLower ? ['--accept-lower'] : [];
  const diff = await prescale(run, 'diff', '--base', base, '--format', 'markdown', ...meant);
  const parts = [
    compared(diff),
    check.code === 0 ? '' : `**A deploy would be refused:** \`check\` ends with ${check.code}.\n\n${printed(check)}`,
    rehearsal && rehearsal.code !== 0
      ? `**The rehearsal of ${rehearsed} does not pass:** \`check --rehearse\` ends with ${rehearsal.code}.\n\n${printed(rehearsal)}`
      : '',
    check.code === 0 ? folded('check', check) : '',
    rehearsal?.code === 0 ? folded(`the rehearsal of ${rehearsed}`, rehearsal) : '',
  ];
  return {
    ok: [check, rehearsal, diff].every((ran) => ran?.code === 0),
    markdown: parts.filter((part) => part !== '').join('\n'),
  };
}

/** The comparison says itself what is wrong, unless it printed nothing. */
function compared(diff: Ran): string {
  const problems = diff.code === 0 ? '' : `\n\`diff\` ends with ${diff.code}.\n\n${fenced(cut(diff.err))}`;
  return `${diff.out.trimEnd()}\n${problems}`.trimStart();
}

function printed({ out, err }: Ran): string {
  return fenced(cut(`${err}${out}`));
}

function folded(title: string, ran: Ran): string {
  return `<details><summary>${title}</summary>\n\n${printed(ran)}\n</details>\n`;
}

function cut(text: string): string {
  return text.length <= LONGEST_PART ? text : `${text.slice(0, LONGEST_PART)}\n… the rest is in the log`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h' },
      base: { type: 'string' },
      rehearse: { type: 'string', default: 'prod' },
      'accept-lower': { type: 'boolean', default: false },
      output: { type: 'string' },
    },
  });
  if (values.help || !values.base) {
    (values.help ? process.stdout : process.stderr).write(HELP);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const { ok, markdown } = await review(runCommand, values.base, values.rehearse, values['accept-lower']);
  if (values.output === undefined) process.stdout.write(markdown);
  else writeFileSync(values.output, markdown);
  process.exitCode = ok ? 0 : 1;
}

if (require.main === module) runScript(main);
