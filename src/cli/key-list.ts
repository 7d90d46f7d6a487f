import type { Command } from 'commander';
import { statesOfKind } from '../directory/stream-states.reader.js';
import type { SigningKeyState } from '../domain/directory/directory.state.js';
import { keyThatSigns } from '../domain/directory/signing-key.rules.js';
import { asOperator, type Operator } from './operator.js';
import { countText, isoTime, printJson, printLines, tableText, timeText } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Lists all signing keys, retired ones included. */
export function keyListVerb(): Command {
  return verb({
    name: 'list',
    summary: 'list all signing keys, oldest first',
    details: 'Of several active keys the youngest signs; all of them verify, retired ones too.',
    examples: [
      'token-ledger key list',
      `token-ledger key list --json | jq -r '.[] | select(.signs).keyId'`,
    ],
    json: `an array of { keyId, status: "published"|"active"|"retired", signs, algorithm, createdAt }`,
  }).action((options: Options) => asOperator((operator) => listKeys(operator, options)));
}

async function listKeys({ ledger }: Operator, options: Options): Promise<void> {
  const keys: SigningKeyState[] = [];
  for await (const key of statesOfKind(ledger, 'signing_key')) keys.push(key);
  keys.sort((one, other) => one.createdAt - other.createdAt);
  const signing = keyThatSigns(keys);
  if (options.json === true) {
    printJson(
      keys.map(({ keyId, status, algorithm, createdAt }) => ({
        keyId,
        status,
        signs: keyId === signing,
        algorithm,
        createdAt: isoTime(createdAt),
      })),
    );
    return;
  }
  const rows = keys.map(({ keyId, status, algorithm, createdAt }) => [
    keyId,
    `${keyId === signing ? `${status}, signs` : status}\n${algorithm}`,
    timeText(createdAt),
  ]);
  const head = ['Key ID', 'Status\nAlgorithm', 'Created'];
  printLines(tableText(head, rows), countText(keys.length, 'key'));
}
