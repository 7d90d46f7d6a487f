import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { FastifyReply } from 'fastify';
import { eventExample } from '../../src/audit/answer.examples.js';
import type { AuditEvent } from '../../src/audit/audit-event.answer.js';
import { ndjsonReply } from '../../src/access/ndjson.reply.js';

const PAGES = 10_000;
const PAGE_EVENTS = 100;

/** More events than fit into memory at once, and how many pages of them were asked for. */
function endlessLedger(pageEvents = PAGE_EVENTS) {
  const pulled = { pages: 0, isClosed: false };
  async function* pages(): AsyncGenerator<readonly AuditEvent[]> {
    try {
      for (let page = 0; page < PAGES; page += 1) {
        pulled.pages += 1;
        await setImmediate();
        yield Array.from({ length: pageEvents }, () => eventExample as AuditEvent);
      }
    } finally {
      pulled.isClosed = true;
    }
  }
  return { pulled, pages: pages() };
}

function streamOf(pages: AsyncIterable<readonly AuditEvent[]>) {
  const headers: Record<string, string> = {};
  const reply = { header: (name: string, value: string) => void (headers[name] = value) };
  const asOf = { position: 5, at: '2026-11-21T02:14:07.000Z' };
  const file = ndjsonReply({ asOf, pages }, reply as unknown as FastifyReply);
  return { stream: file.getStream(), headers };
}

async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await setImmediate();
}

describe('an answer of lines', () => {
  it('is read no faster than it is taken', async () => {
    const { pulled, pages } = endlessLedger();
    const { stream } = streamOf(pages);
    stream.once('readable', () => undefined);
    await someTurns();
    expect(pulled.pages).toBeLessThanOrEqual(3);
    const taken = stream.read() as Buffer;
    expect(taken.length).toBeGreaterThan(PAGE_EVENTS * 500);
    await someTurns();
    expect(pulled.pages).toBeLessThanOrEqual(5);
    stream.destroy();
  });

  it('ends its reading when it is taken no further', async () => {
    const { pulled, pages } = endlessLedger();
    const { stream } = streamOf(pages);
    stream.once('readable', () => undefined);
    await someTurns();
    stream.destroy();
    await someTurns();
    expect(pulled.isClosed).toBe(true);
  });

  it('ends its reading when it is taken no further, also where there is nothing to send', async () => {
    const { pulled, pages } = endlessLedger(0);
    const { stream } = streamOf(pages);
    stream.once('readable', () => undefined);
    await someTurns();
    stream.destroy();
    await someTurns();
    expect(pulled.isClosed).toBe(true);
  });

  it('is one JSON value a line, and nothing for a page without events', async () => {
    async function* three(): AsyncGenerator<readonly AuditEvent[]> {
      await setImmediate();
      yield [eventExample as AuditEvent];
      yield [];
      yield [{ ...(eventExample as AuditEvent), type: 'line\nbreak' }];
    }
    const { stream, headers } = streamOf(three());
    const lines = Buffer.concat(await stream.toArray())
      .toString()
      .split('\n');
    expect(lines.map((line) => (line === '' ? '' : JSON.parse(line).type))).toEqual([
      'RefreshTokenReuseDetected',
      'line\nbreak',
      '',
    ]);
    expect(headers['token-ledger-as-of']).toBe('position=5, at="2026-11-21T02:14:07.000Z"');
  });
});
