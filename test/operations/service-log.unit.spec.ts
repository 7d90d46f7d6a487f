import { describe, expect, it } from '@jest/globals';
import { NestLogAdapter } from '../../src/operations/nest-log.adapter.js';
import { createServiceLog, withoutSecrets } from '../../src/operations/service-log.js';

const REFRESH = 'tlr_AQEBAAAAAAAAAZqjwrfwfFGhssPU5fYHGAAAAAEabcdefghijklmnop-_xyz';
const JWT = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl-_x';

function logged(level: string, use: (log: ReturnType<typeof createServiceLog>) => void) {
  const lines: string[] = [];
  use(createServiceLog(level, { write: (line) => void lines.push(line) }));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a line of the log', () => {
  it.each([
    [`a refresh token ${REFRESH} here`, 'a refresh token [token] here'],
    [`"${REFRESH.replace('tlr', 'tls')}"`, '"[token]"'],
    [`a JWT ${JWT}, and more`, 'a JWT [jwt], and more'],
    ['Authorization: Basic YTpiY2RlZmdoaWprbG1u', 'Authorization: Basic [redacted]'],
    ['bearer abcdefghijklmno', 'bearer [redacted]'],
    ['GET /x?code=abc&state=s', 'GET /x?code=[redacted]&state=s'],
    ['client_secret=s3cr3t&client_id=c', 'client_secret=[redacted]&client_id=c'],
    ['password=correct+horse', 'password=[redacted]'],
    ['id_token_hint=x.y.z', 'id_token_hint=[redacted]'],
    ['{"password":"say \\"please\\"","a":1}', '{"password":"[redacted]","a":1}'],
    ['{"client_secret":"x"}', '{"client_secret":"[redacted]"}'],
    ['{"cookie":"a=b"}', '{"cookie":"[redacted]"}'],
    ['{"code":"ECONNRESET","status":500}', '{"code":"ECONNRESET","status":500}'],
    ['nothing to hide, tlr_ is a prefix', 'nothing to hide, tlr_ is a prefix'],
  ])('%s', (line, shown) => {
    expect(withoutSecrets(line)).toBe(shown);
  });

  it('is JSON with a level, a time and a message', () => {
    const [line] = logged('info', (log) => log.warn({ family: 'f' }, 'a message'));
    expect(line).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      family: 'f',
      msg: 'a message',
    });
  });

  it('shows an error with its causes, and nothing that an error carries besides', () => {
    const cause = new Error('the disk', { cause: 'a string' });
    const error = Object.assign(new TypeError(`no ${REFRESH}`, { cause }), {
      code: 'disk_full',
      body: 'password=x',
      issues: [{ input: 'secret' }],
    });
    const [line] = logged('error', (log) => log.error({ err: error }));
    expect(line).toMatchObject({
      err: {
        type: 'TypeError',
        message: 'no [token]',
        code: 'disk_full',
        stack: expect.stringContaining('service-log.unit.spec'),
        cause: { type: 'Error', message: 'the disk', cause: 'a string' },
      },
    });
    expect(JSON.stringify(line)).not.toMatch(/password|issues|AQEB/);
  });

  it('shows a request without its URL, headers and body', () => {
    const request = {
      id: 'r1',
      method: 'GET',
      url: '/x?secret',
      headers: { cookie: 'secret' },
      body: 'secret',
      routeOptions: { url: '/x' },
    };
    const [line] = logged('error', (log) => log.error({ req: request, res: { statusCode: 500 } }));
    expect(line).toMatchObject({
      req: { id: 'r1', method: 'GET', route: '/x' },
      res: { status: 500 },
    });
    expect(JSON.stringify(line)).not.toContain('secret');
  });
});

describe("Nest's logger", () => {
  it('writes to the one log, at its levels', () => {
    const lines = logged('trace', (log) => {
      const nest = new NestLogAdapter(log);
      nest.log('one', 'Context');
      nest.verbose('two');
      nest.debug('three', 'Context');
      nest.warn({ family: 'f' }, 'Context');
      nest.error(new Error('four'), undefined, 'Context');
      nest.error('five', new Error('why'), 'Context');
      nest.fatal('six');
    });
    expect(lines).toMatchObject([
      { level: 'info', context: 'Context', msg: 'one' },
      { level: 'trace', msg: 'two' },
      { level: 'debug', context: 'Context', msg: 'three' },
      { level: 'warn', context: 'Context', family: 'f' },
      { level: 'error', context: 'Context', msg: 'four', err: { message: 'four' } },
      { level: 'error', context: 'Context', msg: 'five', err: { message: 'why' } },
      { level: 'fatal', msg: 'six' },
    ]);
  });

  it('drops the chatter of a start, but never what goes wrong then', () => {
    const lines = logged('trace', (log) => {
      const nest = new NestLogAdapter(log);
      for (const context of ['InstanceLoader', 'RouterExplorer', 'RoutesResolver']) {
        nest.log('mapped', context);
        nest.debug('mapped', context);
        nest.warn('careful', context);
      }
    });
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'warn']);
  });

  it('writes nothing below the level that was set', () => {
    const lines = logged('warn', (log) => {
      new NestLogAdapter(log).log('one', 'Context');
      new NestLogAdapter(log).warn('two', 'Context');
    });
    expect(lines).toHaveLength(1);
    expect(logged('silent', (log) => new NestLogAdapter(log).fatal('x'))).toEqual([]);
  });
});
