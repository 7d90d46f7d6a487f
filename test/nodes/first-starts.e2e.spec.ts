import { afterAll, describe, expect, it } from '@jest/globals';
import { readSettings } from '../../src/config/settings.js';
import { endProcesses, startBuilt, useBuild } from '../cli/built-processes.js';
import { newServerStore, storedEvents } from '../support/server-store.js';
import { sharedSettings } from './http-nodes.js';
import { nodePlaces } from './node-places.js';

useBuild();
const newPlace = nodePlaces();
afterAll(endProcesses);

const ROUNDS = 5;
const MADE_ONCE = ['AccountCreated', 'LogOpened', 'ProjectCreated', 'SigningKeyCreated'];

describe('three nodes that start at once on an empty database', () => {
  it('make one administrator, one signing key and one log, and show one password', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const store = await newServerStore();
      const shared = { ...sharedSettings(), TOKEN_LEDGER_ADMIN_PASSWORD: '' };
      const anotherPlace = () => newPlace(store, shared);
      const places = [await anotherPlace(), await anotherPlace(), await anotherPlace()];
      const nodes = await Promise.all(places.map((place) => startBuilt(place)));
      const shown = nodes.filter(({ said }) => said.stdout.includes('First start'));
      expect(shown).toHaveLength(1);
      const settings = readSettings(places[0]!.environment);
      const types = (await storedEvents(settings)).map(({ type }) => type);
      expect(types.filter((type) => MADE_ONCE.includes(type)).toSorted()).toEqual(MADE_ONCE);
      for (const node of nodes) await node.stop();
      await store.remove();
    }
  }, 120_000);
});
