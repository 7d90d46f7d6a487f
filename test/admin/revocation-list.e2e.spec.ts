import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type RevocationListAnswer, revocationList } from '../../src/admin/revocation.answer.js';
import { AddressRanges } from '../../src/directory/address-ranges.service.js';
import { Ledger } from '../../src/ledger/ledger.port.js';
import { adminToken, clientToken, csvRows, read, send } from '../audit/audit-stage.js';
import { HttpServer, TestClock } from '../support/http-server.js';
import { revocationCompleted } from './revocation-stage.js';

const REVOCATIONS = '/admin/revocations';
const clock = new TestClock();

let server: HttpServer;
let token: string;
/** Oldest first. */
const ids: string[] = [];

beforeAll(async () => {
  server = await HttpServer.start();
  token = await adminToken(server);
  for (let times = 0; times < 5; times += 1) {
    const { clientId } = await server.register('native');
    ids.push(await started({ client: clientId }));
    clock.pass(1000);
  }
});

afterAll(() => server.close());

async function started(body: object): Promise<string> {
  const position = (await server.get(Ledger).size()) - 1;
  const answer = await send<{ id: string }>(server, REVOCATIONS, token, { position, ...body });
  if (answer.status !== 202) throw new Error(answer.text);
  await revocationCompleted(server, answer.body.id, token);
  return answer.body.id;
}

async function listed(parameters = ''): Promise<RevocationListAnswer> {
  const answer = await read(server, `${REVOCATIONS}${parameters}`, token);
  if (answer.status !== 200) throw new Error(answer.text);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  return revocationList.strict().parse(answer.body);
}

const idsOf = ({ revocations }: RevocationListAnswer) => revocations.map(({ id }) => id);

describe('GET /admin/revocations', () => {
  it('lists what was started, newest first, as the answer about one says it', async () => {
    const list = await listed();
    expect(idsOf(list)).toEqual(ids.toReversed());
    expect(list.next).toBeNull();
    const { body } = await read(server, `${REVOCATIONS}/${ids.at(-1)}`, token);
    const { record, addressRange, ...one } = body;
    expect(addressRange).toBeNull();
    expect(record).toEqual(expect.any(String));
    expect(list.revocations[0]).toEqual(one);
  });

  it('goes on page by page, and shows each of them once', async () => {
    const pages: string[][] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await listed(`?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      pages.push(idsOf(page));
      cursor = page.next;
    }
    const [first, second, third, fourth, fifth] = ids.toReversed();
    expect(pages).toEqual([[first, second], [third, fourth], [fifth]]);
  });

  it('says that there is nothing more when a page ends with the last one', async () => {
    expect((await listed('?limit=5')).next).toBeNull();
    expect((await listed('?limit=4')).next).toBe(ids[1]);
  });

  it('is lines and rows for whoever asks for all of them, from a cursor on and up to a limit', async () => {
    const { revocations, next } = await listed('?limit=2');
    const lines = await read(server, REVOCATIONS, token, { accept: 'application/x-ndjson' });
    expect(lines.headers.get('content-type')).toBe('application/x-ndjson');
    expect(lines.headers.get('vary')).toContain('accept');
    expect(lines.headers.has('token-ledger-as-of')).toBe(false);
    const all = lines.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    expect(all).toEqual((await listed()).revocations);
    const rest = `${REVOCATIONS}?cursor=${next}&limit=2`;
    const [header = [], ...rows] = csvRows(
      (await read(server, rest, token, { accept: 'text/csv' })).text,
    );
    expect(rows.map((row) => row[header.indexOf('id')])).toEqual(ids.toReversed().slice(2, 4));
    expect(rows.map((row) => row[header.indexOf('selectorKind')])).toEqual(['client', 'client']);
    const wrong = `${REVOCATIONS}?cursor=${'0'.repeat(32)}`;
    const refused = await read(server, wrong, token, { accept: 'text/csv' });
    expect(refused).toMatchObject({ status: 400, body: { parameter: 'cursor' } });
    expect(revocations).toHaveLength(2);
  });

  it.each([
    ['?cursor=zebra', 'cursor', /not a cursor/],
    [`?cursor=${'0'.repeat(32)}`, 'cursor', /not a cursor/],
    ['?limit=0', 'limit', /from 1 to 1000/],
    ['?limit=1001', 'limit', /from 1 to 1000/],
    ['?after=1', 'after', /not a parameter/],
  ])('refuses %s', async (parameters, parameter, detail) => {
    const { status, body } = await read(server, `${REVOCATIONS}${parameters}`, token);
    expect(status).toBe(400);
    expect(body).toMatchObject({ parameter, detail: expect.stringMatching(detail) });
  });

  it('needs the scope of administrators', async () => {
    const auditor = await clientToken(server, await server.register('auditor'));
    expect((await read(server, REVOCATIONS, auditor)).status).toBe(403);
    expect((await read(server, REVOCATIONS, undefined)).status).toBe(401);
  });
});

describe('a range of addresses', () => {
  it('is the same revocation however it is written, and what is recorded is how it is compared', async () => {
    const position = (await server.get(Ledger).size()) - 1;
    const digest = server.get(AddressRanges).digestOf('198.18.0.0/15');
    const texts = ['198.18.0.0/15', '::ffff:198.18.0.0/111', '::FFFF:c612:0/111'];
    const again: string[] = [];
    for (const address of texts) again.push(await started({ address, position }));
    expect(new Set(again).size).toBe(1);
    const { revocations } = await listed('?limit=1');
    expect(revocations).toMatchObject([{ id: again[0], selector: { id: digest } }]);
    const auditor = await clientToken(server, await server.register('auditor'));
    for (const address of texts) {
      const path = `${REVOCATIONS}/preview?address=${encodeURIComponent(address)}`;
      const { body } = await read(server, path, auditor);
      expect(body).toMatchObject({ selector: { id: digest } });
    }
  });

  it('is refused where its address is not its first one, and the text is not repeated', async () => {
    const auditor = await clientToken(server, await server.register('auditor'));
    const path = `${REVOCATIONS}/preview?address=172.16.3.4/12`;
    const previewed = await read(server, path, auditor);
    const order = { address: '172.16.3.4/12', position: 0 };
    const begun = await send(server, REVOCATIONS, token, order);
    for (const { status, body, text } of [previewed, begun]) {
      expect(status).toBe(400);
      expect(body).toMatchObject({
        parameter: 'address',
        detail: expect.stringMatching(/begin with the first address/),
      });
      expect(text).not.toContain('172.16');
    }
  });
});
