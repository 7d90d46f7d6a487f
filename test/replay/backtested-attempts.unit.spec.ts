import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { jsonLine, NDJSON, streamedLines } from '../../src/access/streamed-lines.js';
import type { Ledger } from '../../src/ledger/ledger.port.js';
import { backtestedAttempts, type BacktestOrder } from '../../src/replay/backtest.runner.js';

const FAMILIES = 250;
const PAGES_MAX = 1000;

it('are read no further once nobody reads them, though no family is in the range', async () => {
  let pages = 0;
  const families = Array.from({ length: FAMILIES }, (_, index) => ({
    streamId: `family:${index}`,
    version: 1,
    state: { grantedAt: 2, clientId: 'another' },
  }));
  const ledger = {
    eventsAfter: () => Promise.resolve({ events: [{ position: 0, appendedAt: 1 }] }),
    streamsOfKind: () => {
      pages += 1;
      return Promise.resolve(pages < PAGES_MAX ? families : []);
    },
  } as unknown as Ledger;
  const order: BacktestOrder = { from: 0, to: 0, policy: {}, clientId: 'nobody' };
  const attempts = backtestedAttempts(ledger, order);
  const lines = streamedLines(attempts, jsonLine, { type: NDJSON, logger: new Logger() });
  const stream = lines.getStream();
  stream.resume();
  for (let turn = 0; turn < 3; turn += 1) await nextTurn();
  expect(pages).toBeGreaterThan(0);
  stream.destroy();
  await once(stream, 'close');
  expect(pages).toBeLessThan(10);
});
