import { beforeEach, describe, expect, it } from '@jest/globals';
import { searchStreams, type StreamSearch } from '../../src/audit/stream-search.reader.js';
import { presetRegistration } from '../../src/directory/client-registration.js';
import { RegisterClient } from '../../src/directory/register-client.handler.js';
import type { StreamId } from '../../src/domain/identifiers.js';
import { directories, type OpenedDirectory, operator } from '../directory/opened-directory.js';

const { openWithProject } = directories();

let directory: OpenedDirectory;
/** The streams of five clients, newest id first. */
let streams: StreamId[];

beforeEach(async () => {
  directory = await openWithProject();
  const { ledger } = directory.resources;
  for (const name of ['a', 'b', 'c', 'd', 'e']) {
    await directory.execute(new RegisterClient(presetRegistration('machine', { name }), operator));
  }
  streams = (await ledger.streamsOfKind('client', null, 10)).map(({ streamId }) => streamId);
});

async function found(search: Partial<StreamSearch<'client'>> = {}) {
  const whole = { before: null, limit: 10, searchedMax: Infinity };
  const { ledger } = directory.resources;
  const { rows, next } = await searchStreams(ledger, 'client', { ...whole, ...search });
  return { streams: rows.map(({ streamId }) => streamId), next };
}

describe('a search through streams', () => {
  it('finds all of a kind, newest id first, and says that there is no more', async () => {
    expect(streams).toHaveLength(5);
    expect(await found()).toEqual({ streams, next: null });
    expect(await found({ limit: 5 })).toEqual({ streams, next: null });
  });

  it('stops at its limit, and goes on after the last one that it looked at', async () => {
    const first = await found({ limit: 2 });
    expect(first).toEqual({ streams: streams.slice(0, 2), next: streams[1] });
    const second = await found({ limit: 2, before: first.next });
    expect(second).toEqual({ streams: streams.slice(2, 4), next: streams[3] });
    const third = await found({ limit: 2, before: second.next });
    expect(third).toEqual({ streams: streams.slice(4), next: null });
  });

  it('finds what is chosen, and stops when it has looked at enough', async () => {
    const isChosen = ({ streamId }: { streamId: StreamId }): boolean => streamId === streams[3];
    const chosen = streams.slice(3, 4);
    expect(await found({ isChosen })).toEqual({ streams: chosen, next: null });
    expect(await found({ isChosen, limit: 1 })).toEqual({ streams: chosen, next: streams[3] });
    expect(await found({ isChosen, searchedMax: 3 })).toEqual({ streams: [], next: streams[2] });
    expect(await found({ isChosen, searchedMax: 4 })).toEqual({
      streams: chosen,
      next: streams[3],
    });
    expect(await found({ isChosen, searchedMax: 5 })).toEqual({ streams: chosen, next: null });
  });
});
