import { toIso } from '../lib/capacity/instants';
import { TOOL_VERSION } from '../lib/version';
import type { Outcome } from './ask-all';
import type { Left } from './inventory';

export interface Result {
  readonly account: string;
  readonly region: string;
  /** Seconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcomes: readonly Outcome[];
  readonly left: readonly Left[];
}

/** A table of the answers in Markdown, fit to be shared: the account's number is not in it. */
export function renderMarkdown(result: Result): string {
  const { account, region, startedAt, endedAt, outcomes, left } = result;
  const rows = outcomes.map((outcome) => {
    const { id, asks } = outcome.question;
    const [seen, means] =
      'answer' in outcome
        ? [outcome.answer.answer, outcome.answer.means]
        : [`**unanswered**: ${outcome.unanswered}`, ''];
    return [`\`${id}\`: ${asks}`, seen, means, switchOf(outcome)];
  });
  const head = ['question', 'what was seen', 'what it means for prescale', 'switch of the local account'];
  const lines = [
    `# What AWS does, ${region}, ${toIso(Math.floor(startedAt)).slice(0, 10)}`,
    '',
    `\`npm run prove:aws\` of prescale ${TOOL_VERSION}, ${toIso(Math.floor(startedAt))} to ${toIso(Math.floor(endedAt))}: ${countAnswered(outcomes)} of ${outcomes.length} questions answered.`,
    '',
    tableRow(head),
    tableRow(head.map(() => '---')),
    ...rows.map(tableRow),
    ...(left.length === 0
      ? []
      : [
          '',
          '## Not deleted',
          '',
          tableRow(['what', 'why', 'deletes it']),
          tableRow(['---', '---', '---']),
          ...left.map(({ what, why, command }) => tableRow([what, why, `\`${command}\``])),
        ]),
    '',
  ];
  return hide(lines.join('\n'), account);
}

/** The same as one JSON document. */
export function renderResultJson({ account, region, startedAt, endedAt, outcomes, left }: Result): string {
  const document = {
    schemaVersion: 1,
    toolVersion: TOOL_VERSION,
    region,
    startedAt: toIso(Math.floor(startedAt)),
    endedAt: toIso(Math.floor(endedAt)),
    questions: outcomes.map((outcome) => ({
      id: outcome.question.id,
      asks: outcome.question.asks,
      switch: outcome.question.positions === undefined ? undefined : outcome.question.id,
      ...('answer' in outcome ? outcome.answer : { unanswered: outcome.unanswered }),
    })),
    left,
  };
  return hide(`${JSON.stringify(document, null, 2)}\n`, account);
}

export function countAnswered(outcomes: readonly Outcome[]): number {
  return outcomes.filter((outcome) => 'answer' in outcome).length;
}

function switchOf(outcome: Outcome): string {
  const { id, positions } = outcome.question;
  if (positions === undefined || !('answer' in outcome)) return '';
  const { position } = outcome.answer;
  return position === undefined
    ? `none of ${positions.join(', ')}: give \`${id}\` another position`
    : `\`${id}=${position}\``;
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll(/\s+/g, ' ').replaceAll('|', String.raw`\|`)).join(' | ')} |`;
}

/** AWS's messages name the account in ARNs. */
function hide(text: string, account: string): string {
  return text.replaceAll(account, 'ACCOUNT');
}
