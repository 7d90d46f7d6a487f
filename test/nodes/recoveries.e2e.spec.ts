import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/config/settings.js';
import { inRecoveryTurn } from '../../src/ledger/postgres/postgres-turn.js';
import { CheckpointFile } from '../../src/ledger/sealing/checkpoint-file.js';
import { checkpointOfNote } from '../../src/ledger/sealing/note-checkpoint.js';
import {
  type BuiltServer,
  endProcesses,
  runBuilt,
  startBuilt,
  useBuild,
} from '../cli/built-processes.js';
import { copyStore, newServerStore, storedEvents } from '../support/server-store.js';
import { sharedSettings } from './http-nodes.js';
import { type NodePlace, nodePlaces } from './node-places.js';

useBuild();
const newPlace = nodePlaces();
afterAll(endProcesses);

const PATIENCE = 20_000;

/** How far the checkpoint file of a node knows the ledger. */
function sizeKnownTo({ environment }: NodePlace): number {
  const note = new CheckpointFile(readSettings(environment).checkpointFile).last()?.note;
  return checkpointOfNote(note ?? '')?.size ?? 0;
}

async function untilKnownToAll(places: readonly NodePlace[], size: number): Promise<void> {
  const deadline = Date.now() + PATIENCE;
  while (places.some((place) => sizeKnownTo(place) < size)) {
    if (Date.now() > deadline) throw new Error(`not all checkpoint files know ${size} events`);
    await pause(50);
  }
}

describe('an old copy of the ledger under several nodes', () => {
  it('is accepted at one of them while none runs, and then by every other one', async () => {
    const store = await newServerStore();
    const shared = { ...sharedSettings(), TOKEN_LEDGER_SEAL_SECONDS: '1' };
    const one = await newPlace(store, shared);
    const other = await newPlace(store, shared);
    const third = await newPlace(store, shared);
    const settings = readSettings(one.environment);
    const start = async (): Promise<readonly [BuiltServer, BuiltServer]> => [
      await startBuilt(one),
      await startBuilt(other),
    ];
    // The first one is the last to stop: no other knows more than it.
    const stop = async ([first, second]: readonly [BuiltServer, BuiltServer]): Promise<void> => {
      await second.stop();
      await first.stop();
    };
    await stop(await start());
    const copy = await copyStore(settings);
    const servers = await start();
    expect(
      await runBuilt('cli.js', ['client', 'create', '--preset', 'machine'], one),
    ).toMatchObject({
      code: 0,
    });
    await untilKnownToAll([one, other], (await storedEvents(settings)).length);
    await stop(servers);
    await copy.putBack();

    for (const place of [one, other]) {
      const { code, stderr } = await runBuilt('main.js', [], place);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(
          /^error: an old copy of the ledger was put back: /,
        ) as unknown,
      });
    }
    // One without a checkpoint file cannot tell.
    const unaware = await startBuilt(third);
    const events = (await storedEvents(settings)).length;
    const beside = await runBuilt('cli.js', ['recover', '--yes'], one);
    expect(beside).toEqual({
      code: 1,
      stdout: '',
      stderr:
        'error: 1 node of this ledger runs: stop all of them first, or wait half a minute where one was killed\n',
    });
    expect(await storedEvents(settings)).toHaveLength(events);
    await unaware.stop();

    const during = await inRecoveryTurn(settings.postgresUrl ?? '', () =>
      runBuilt('cli.js', ['recover', '--yes'], other),
    );
    expect(during).toMatchObject({ code: 1, stdout: '' });
    expect(during.stderr).toMatch(
      /^error: another token-ledger recover works on the database \S+\n$/,
    );
    expect(await storedEvents(settings)).toHaveLength(events);

    cpSync(join(one.directory, 'keys'), join(third.directory, 'keys'), { recursive: true });
    const atOnce = await Promise.all(
      [one, third].map((place) => runBuilt('cli.js', ['recover', '--yes'], place)),
    );
    expect(atOnce.filter(({ code }) => code === 0)).toHaveLength(1);
    const refused = atOnce.find(({ code }) => code !== 0);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused?.stderr).toMatch(/^error: [^\n]+\n$/);
    expect(await storedEvents(settings, 'LedgerRestored')).toHaveLength(1);

    expect(await runBuilt('cli.js', ['client', 'list'], other)).toMatchObject({ code: 0 });
    await stop(await start());
    expect(await runBuilt('cli.js', ['verify'], other)).toMatchObject({ code: 0 });
    await store.remove();
  }, 120_000);
});
