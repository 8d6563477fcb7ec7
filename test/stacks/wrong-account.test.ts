import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environmentNamed } from './test-app';

const root = join(__dirname, '..', '..');

/** The CLI synthesizes first; a busy machine is no reason to fail. Milliseconds. */
const TIMEOUT = 120_000;

const CREDENTIALS_ACCOUNT = '222222222222';

/** Answers who the credentials belong to, denies everything else, and remembers what was asked. */
async function startAws(): Promise<{ server: Server; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const action = new URLSearchParams(body).get('Action') ?? `${request.method} ${request.url}`;
      asked.push(action);
      const isIdentity = action === 'GetCallerIdentity';
      response.writeHead(isIdentity ? 200 : 403, { 'content-type': 'text/xml' });
      response.end(
        isIdentity
          ? `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${CREDENTIALS_ACCOUNT}</Account>` +
              `<Arn>arn:aws:iam::${CREDENTIALS_ACCOUNT}:user/somebody</Arn><UserId>A</UserId>` +
              `</GetCallerIdentityResult></GetCallerIdentityResponse>`
          : '<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>denied</Message></Error></ErrorResponse>',
      );
    });
  });
  await once(server.listen(0, 'localhost'), 'listening');
  return { server, asked };
}

/** `cdk deploy` of one environment with credentials of the account above. */
async function deploy(environment: string): Promise<{ exitCode: number; output: string; asked: string[] }> {
  const { server, asked } = await startAws();
  const folder = mkdtempSync(join(tmpdir(), 'prescale-account-'));
  try {
    const { port } = server.address() as AddressInfo;
    const args = ['deploy', `${environment}/*`, '-c', `env=${environment}`, '--require-approval', 'never', '--ci'];
    return await new Promise((resolve) => {
      const child = execFile(
        process.execPath,
        [join(root, 'node_modules', 'aws-cdk', 'bin', 'cdk'), ...args, '--output', join(folder, 'out')],
        {
          cwd: root,
          env: {
            PATH: process.env['PATH'],
            // The CLI remembers accounts of access keys there.
            CDK_HOME: folder,
            AWS_ENDPOINT_URL: `http://localhost:${port}`,
            AWS_ACCESS_KEY_ID: 'somebody',
            AWS_SECRET_ACCESS_KEY: 'secret',
            AWS_REGION: 'us-east-1',
            CDK_VALIDATION: 'false',
          },
        },
        (_, stdout, stderr) => resolve({ exitCode: child.exitCode ?? -1, output: stdout + stderr, asked }),
      );
    });
  } finally {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test(
  'cdk deploy refuses credentials of another account for prod before it changes anything',
  async () => {
    const { exitCode, output, asked } = await deploy('prod');
    expect(exitCode).not.toBe(0);
    expect(output).toContain(
      `environment "prod" belongs to account ${environmentNamed('prod').account}, the credentials to ${CREDENTIALS_ACCOUNT}; `,
    );
    expect(output).toContain('Could not assume role in target account');
    // Who am I, and may I become the role of the right account: nothing was read of the wrong one, and nothing written.
    expect(new Set(asked)).toEqual(new Set(['GetCallerIdentity', 'AssumeRole']));
  },
  TIMEOUT,
);

test(
  'cdk deploy goes on with the account of the credentials where an environment allows any',
  async () => {
    const { output, asked } = await deploy('staging');
    expect(output).not.toContain('belongs to account');
    expect(asked.filter((action) => !['GetCallerIdentity', 'AssumeRole'].includes(action))).not.toEqual([]);
  },
  TIMEOUT,
);
