/**
 * Runs docs/INVESTIGATE.md as a reader would: every `sh` block, in order, in one Bash, in a throw-away directory,
 * beside a throw-away server on which a theft has just happened. The block without a language that follows a
 * command is what the command prints: ids and times may differ, and `…` stands for anything. Stops at the first
 * command that fails, and names every block that did not run as told. `npm run docs:check`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Browser } from '../examples/demo/browser.js';
import { startThrowAwayServer } from '../examples/demo/server.js';
import {
  later,
  LOST_ANSWER_MILLISECONDS,
  PHONE,
  refresh,
  refusal,
  registerShop,
  signIn,
  speakingAs,
  THIEF,
} from '../examples/demo/shop.js';
import { blocksOf, isAsPromised } from './printed-output.js';

const RETRY_WINDOW_SECONDS = 2;
const LAPTOP = { 'user-agent': 'Shop/4.2 (laptop)', 'x-forwarded-for': '198.51.100.8' };
/** What is not in the directory is not to be fetched, and nothing but the command is to be heard. */
const QUIET_NPX = { npm_config_offline: 'true', npm_config_loglevel: 'error' };
const MARK = '@@ block';
const fileOf = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const steps = stepsOf(await readFile(fileOf('docs/INVESTIGATE.md'), 'utf8'));
const server = await startThrowAwayServer({ retryWindowSeconds: RETRY_WINDOW_SECONDS });
try {
  await commitTheft(server);
  const { code, output } = await runAsReader(server, steps);
  const outputs = output.split(new RegExp(`^${MARK}\n`, 'm')).slice(1);
  const failures = failuresIn(code, outputs);
  for (const failure of failures) console.error(failure);
  console.log(`docs/INVESTIGATE.md: ${steps.length} blocks, ${failures.length} not as told.`);
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  await server.end();
}

/** Each `sh` block with what it is said to print, if anything. */
function stepsOf(document) {
  const found = [];
  for (const { line, language, text } of blocksOf(document)) {
    if (language === 'sh') found.push({ line, command: text });
    else if (language === '' && found.length > 0) found.at(-1).promised = text;
    else throw new Error(`line ${line}: a block that is neither a command nor what one prints`);
  }
  if (found.length === 0) throw new Error('there is nothing to run');
  return found;
}

/** Ana signs in on a phone and on a laptop; a token of the phone is stolen and presented. */
async function commitTheft(server) {
  const ana = { issuer: server.issuer, username: 'ana', password: 'correct horse battery' };
  await server.typed(ana.password, 'account', 'create', '--username', ana.username);
  const shop = await registerShop(server);
  const phone = speakingAs(shop, PHONE);
  const stolen = await signIn(phone, ana);
  await signIn(speakingAs(shop, LAPTOP), ana);
  let current = stolen;
  for (let turn = 1; turn <= 3; turn += 1) current = await refresh(phone, current);
  await refresh(phone, current);
  await later(LOST_ANSWER_MILLISECONDS);
  const owned = await refresh(phone, current);
  await later(RETRY_WINDOW_SECONDS * 1000 + 100);
  await refusal(() => refresh(speakingAs(shop, THIEF), stolen));
  await refusal(() => refresh(phone, owned));
}

/** Runs all blocks in one Bash; answers with its exit code and all that was printed. */
async function runAsReader(server, blocks) {
  const { directory, environment, issuer } = server;
  await mkdir(join(directory, 'node_modules', '.bin'), { recursive: true });
  await symlink(fileOf('dist/cli.js'), join(directory, 'node_modules', '.bin', 'token-ledger'));
  const script = blocks.map(({ command }) => `echo '${MARK}'\n${command}`).join('');
  await writeFile(join(directory, 'reader.sh'), `set -euo pipefail\nexec 2>&1\n${script}`);
  const reader = spawn('bash', ['reader.sh'], {
    cwd: directory,
    env: { ...environment, ISSUER: issuer, NO_COLOR: '1', ...QUIET_NPX },
  });
  let output = '';
  let isSignedIn = false;
  reader.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
    const address = /^Open (\S+)\n/m.exec(output)?.[1];
    if (address === undefined || isSignedIn) return;
    isSignedIn = true;
    void codeOf(server, address).then(
      (code) => reader.stdin.end(`${code}\n`),
      (error) => reader.stdin.destroy(error),
    );
  });
  reader.stdin.on('error', (error) => {
    output += `${error.message}\n`;
  });
  const [code] = await once(reader, 'close');
  return { code, output };
}

/** What the administrator finds in the browser's address after signing in. */
async function codeOf({ issuer, username, password }, address) {
  const browser = new Browser(issuer, { 'user-agent': 'Browser of a responder' });
  const location = await browser.authorize(address, { username, password });
  return location.searchParams.get('code');
}

/** What is wrong with the blocks that did not run as told. */
function failuresIn(code, outputs) {
  return steps.flatMap(({ line, promised }, index) => {
    const printed = outputs[index];
    if (printed === undefined) return [`line ${line}: it was not come to`];
    if (index === outputs.length - 1 && code !== 0) {
      return [`line ${line}: it failed with exit code ${code}\n${printed}`];
    }
    if (promised === undefined || isAsPromised(printed, promised)) return [];
    return [`line ${line}: it printed\n${printed}\nand was said to print\n${promised}`];
  });
}
