import type { Command } from 'commander';
import { CommandRefused } from './failure.js';
import { operatorSettings } from './operator-settings.js';
import { closeResources, openResources } from './resources.js';
import { countText, factsText, isoTime, printJson, printLines, timeText } from './terminal.js';
import { verb } from './verb.js';

interface Options {
  readonly json?: boolean;
}

/** Shows the newest checkpoint, and what it is verified with. */
export function checkpointShowVerb(): Command {
  return verb({
    name: 'show',
    summary: 'show the newest checkpoint, its verifier key, and the file that repeats it',
    details:
      'Whoever keeps the verifier key and a checkpoint elsewhere can tell a rewritten ledger.',
    examples: [
      'token-ledger checkpoint show',
      'token-ledger checkpoint show --json | jq -r .verifierKey > ledger.key',
    ],
    json: '{ origin, epoch, size, root (base64), sealedAt, verifierKey, file, note }',
  }).action(showCheckpoint);
}

async function showCheckpoint(options: Options): Promise<void> {
  const settings = operatorSettings();
  // Only looked at: a ledger that is older than its checkpoints say may be.
  const resources = await openResources(settings, 'command_line', undefined, async () => undefined);
  try {
    const checkpoint = await resources.sealReads.newestCheckpoint();
    const log = await resources.ledger.load('log', '0');
    if (checkpoint === undefined || log === undefined) {
      throw new CommandRefused('nothing was sealed yet: start the server first');
    }
    const { origin, epoch, size, sealedAt, note } = checkpoint;
    const root = checkpoint.root.toString('base64');
    const { verifierKey } = log;
    const file = settings.checkpointFile;
    if (options.json === true) {
      const at = isoTime(sealedAt);
      printJson({ origin, epoch, size, root, sealedAt: at, verifierKey, file, note });
      return;
    }
    printLines(
      factsText([
        ['Sealed', `${countText(size, 'event')}, ${timeText(sealedAt)}`],
        ['Origin', origin],
        ['Epoch', String(epoch)],
        ['Root', root],
        ['Verifier key', verifierKey],
        ['File', file],
      ]),
      '',
      note.trimEnd(),
    );
  } finally {
    await closeResources(resources);
  }
}
