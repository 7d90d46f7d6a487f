import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const built = (file) => fileURLToPath(new URL(`../../dist/${file}`, import.meta.url));
const run = promisify(execFile);

/**
 * Starts a throw-away server in a temporary directory, on a free port of this machine, with its log in
 * `server.log` there. `commandLine` runs `token-ledger …` beside it, `typed` with something on its standard
 * input, and `elsewhere` in an empty directory that knows nothing of it; `end` stops it and removes everything. It believes what a proxy on this machine says of
 * where a request comes from, so that one machine can play several.
 */
export async function startThrowAwayServer({ retryWindowSeconds }) {
  const directory = await mkdtemp(join(tmpdir(), 'token-ledger-demo-'));
  const port = await freePort();
  const issuer = `http://localhost:${port}`;
  const password = randomBytes(12).toString('base64url');
  const initialAccessToken = randomBytes(24).toString('base64url');
  const environment = {
    PATH: process.env.PATH,
    PORT: String(port),
    TOKEN_LEDGER_ISSUER: issuer,
    TOKEN_LEDGER_DATA_DIR: join(directory, 'data'),
    TOKEN_LEDGER_MASTER_KEY_FILE: join(directory, 'keys', 'master.key'),
    TOKEN_LEDGER_ADMIN_PASSWORD: password,
    TOKEN_LEDGER_INITIAL_ACCESS_TOKEN: initialAccessToken,
    TOKEN_LEDGER_RETRY_WINDOW_SECONDS: String(retryWindowSeconds),
    TOKEN_LEDGER_TRUSTED_PROXIES: 'loopback',
    TOKEN_LEDGER_SEAL_SECONDS: '1',
  };
  const log = await open(join(directory, 'server.log'), 'w');
  const child = spawn(process.execPath, [built('main.js')], {
    cwd: directory,
    env: environment,
    stdio: ['ignore', log.fd, 'inherit'],
  });
  await log.close();
  const end = async () => {
    if (child.exitCode === null) {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await untilItAnswers(issuer, child);
  } catch (error) {
    await end();
    throw error;
  }
  const here = { cwd: directory, env: environment };
  const commandLine = (...words) => runCommandLine(words, here);
  const typed = (input, ...words) => runCommandLine(words, here, input);
  const elsewhere = async (...words) => {
    const emptyDirectory = join(directory, 'elsewhere');
    await mkdir(emptyDirectory, { recursive: true });
    return runCommandLine(words, { cwd: emptyDirectory, env: { PATH: process.env.PATH } });
  };
  return {
    issuer,
    directory,
    environment,
    username: 'admin',
    password,
    initialAccessToken,
    commandLine,
    typed,
    elsewhere,
    end,
  };
}

async function runCommandLine(words, options, input = '') {
  const running = run(process.execPath, [built('cli.js'), ...words], options);
  running.child.stdin.end(input);
  const { stdout } = await running;
  return stdout.trim();
}

async function untilItAnswers(issuer, child) {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline && child.exitCode === null) {
    try {
      if ((await fetch(`${issuer}/health/ready`)).ok) return;
    } catch {
      // It does not listen yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('the server did not start');
}

async function freePort() {
  const probe = createServer().listen(0, 'localhost');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
