// Runs one Lambda handler as a process: `node lambda.mjs HANDLER RESULT_FILE`, the event on stdin. Logs go to stdout and stderr.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** Lets the process live on the account's clock instead of the machine's. */
function shiftClock(startsAt) {
  const RealDate = Date;
  const offset = startsAt - RealDate.now();
  globalThis.Date = class extends RealDate {
    constructor(...args) {
      if (args.length === 0) super(RealDate.now() + offset);
      else super(...args);
    }

    static now() {
      return RealDate.now() + offset;
    }
  };
}

async function run(handlerName) {
  const dot = handlerName.lastIndexOf('.');
  const base = path.resolve(handlerName.slice(0, dot));
  const file = ['.js', '.mjs', '.cjs'].map((extension) => base + extension).find(existsSync);
  const module = await import(pathToFileURL(file).href);
  const name = handlerName.slice(dot + 1);
  const handler = module[name] ?? module.default[name];
  const event = JSON.parse(readFileSync(0, 'utf8'));
  const context = {
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    invokedFunctionArn: process.env.LOCAL_ACCOUNT_INVOKED_ARN,
    awsRequestId: process.env.LOCAL_ACCOUNT_REQUEST_ID,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => 30_000,
  };
  return handler(event, context);
}

const [handlerName, resultFile] = process.argv.slice(2);
const startsAt = Number(process.env.LOCAL_ACCOUNT_NOW_MS);
if (startsAt) shiftClock(startsAt);
let outcome;
try {
  outcome = { result: (await run(handlerName)) ?? null };
} catch (error) {
  const { name: errorType = 'Error', message: errorMessage = String(error), stack } = error;
  outcome = { error: { errorType, errorMessage, trace: [stack] } };
}
writeFileSync(resultFile, JSON.stringify(outcome));
// As Lambda does: what is still open is not waited for.
// oxlint-disable-next-line no-restricted-properties
process.exit(0);
