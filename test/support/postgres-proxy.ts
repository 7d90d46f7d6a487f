import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** What becomes of bytes on their way through the proxy. */
type Way = 'pass' | 'hold' | 'break';

/**
 * A network between a ledger and its PostgreSQL, which a test disturbs. As a proxy of PostgreSQL does, it
 * tells its clients a process number of its own making instead of their backend's.
 */
export interface PostgresProxy {
  /** The URL of the database through the proxy. */
  readonly url: string;
  /** How often PostgreSQL has said that it is ready for a query: each is one round trip. */
  readonly roundTrips: number;
  /**
   * What becomes of requests from now on: they pass, are held after so many bytes of what comes next,
   * or break the connection instead of passing.
   */
  requests(way: Way, bytesBefore?: number): void;
  /** What becomes of answers from now on; if told, only of those to requests that name a statement. */
  answers(way: Way, statement?: string): void;
  /** Ends once something was held, or a connection was broken. */
  disturbed(): Promise<void>;
  /** Breaks every connection. */
  cut(): void;
  /** Breaks every connection, and leads new ones to the PostgreSQL of another URL. */
  redirect(target: string): void;
  close(): Promise<void>;
}

/** Message types of PostgreSQL's protocol, version 3 (PostgreSQL documentation, 54.7). */
const READY_FOR_QUERY = 'Z'.charCodeAt(0);
const BACKEND_KEY_DATA = 'K'.charCodeAt(0);
const HEADER_BYTES = 5;
const INVENTED_PROCESS_ID = -1_109_015_796;

/** Opens a proxy before the PostgreSQL of a URL. */
export async function openPostgresProxy(target: string): Promise<PostgresProxy> {
  let { port, hostname } = new URL(target);
  const pairs = new Set<ProxiedConnection>();
  const state: ProxyState = {
    requests: 'pass',
    answers: 'pass',
    statement: '',
    bytesBefore: 0,
    roundTrips: 0,
  };
  let tellDisturbed: () => void = () => undefined;
  let whenDisturbed = Promise.resolve();
  const expectDisturbance = (): void => {
    whenDisturbed = new Promise((resolve) => {
      tellDisturbed = resolve;
    });
  };
  const proxy = createServer((client) => {
    const pair = new ProxiedConnection(client, connect(Number(port), hostname), state, () =>
      tellDisturbed(),
    );
    pairs.add(pair);
    client.on('close', () => pairs.delete(pair));
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = new URL(target);
  url.port = String((proxy.address() as { port: number }).port);
  const pass = (): void => {
    for (const pair of pairs) pair.pass();
  };
  const cut = (): void => {
    for (const pair of pairs) pair.cut();
  };
  return {
    url: url.href,
    get roundTrips() {
      return state.roundTrips;
    },
    requests: (way, bytesBefore = 0) => {
      Object.assign(state, { requests: way, bytesBefore });
      if (way === 'pass') pass();
      else expectDisturbance();
    },
    answers: (way, statement = '') => {
      Object.assign(state, { answers: way, statement });
      if (way === 'pass') pass();
      else expectDisturbance();
    },
    disturbed: () => whenDisturbed,
    cut,
    redirect: (other) => {
      ({ port, hostname } = new URL(other));
      cut();
    },
    close: async () => {
      cut();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

interface ProxyState {
  readonly requests: Way;
  readonly answers: Way;
  /** What a request names whose answers are meant; empty: all. */
  readonly statement: string;
  bytesBefore: number;
  roundTrips: number;
}

/** One connection through the proxy. */
class ProxiedConnection {
  private readonly heldRequests: Buffer[] = [];
  private readonly heldAnswers: Buffer[] = [];
  /** What PostgreSQL has sent and is no whole message yet. */
  private unread = Buffer.alloc(0);
  /** The requests that PostgreSQL may not have answered. */
  private asked: Buffer = Buffer.alloc(0);
  private isAnswered = true;

  constructor(
    private readonly client: Socket,
    private readonly server: Socket,
    private readonly state: ProxyState,
    private readonly disturbed: () => void,
  ) {
    client.setNoDelay();
    server.setNoDelay();
    client.on('data', (bytes: Buffer) => this.request(bytes));
    server.on('data', (bytes: Buffer) => this.answer(bytes));
    for (const socket of [client, server]) {
      // Whichever end breaks, the other one is told.
      socket.on('error', () => undefined);
      socket.on('close', () => this.cut());
    }
  }

  pass(): void {
    for (const bytes of this.heldRequests.splice(0)) this.server.write(bytes);
    for (const bytes of this.heldAnswers.splice(0)) this.client.write(bytes);
  }

  cut(): void {
    this.client.destroy();
    this.server.destroy();
  }

  private request(bytes: Buffer): void {
    this.asked = this.isAnswered ? bytes : Buffer.concat([this.asked, bytes]);
    this.isAnswered = false;
    const { requests, bytesBefore } = this.state;
    if (requests === 'pass') this.server.write(bytes);
    else if (requests === 'hold') {
      const passing = Math.min(bytesBefore, bytes.length);
      this.state.bytesBefore -= passing;
      if (passing > 0) this.server.write(bytes.subarray(0, passing));
      this.heldRequests.push(bytes.subarray(passing));
      this.disturbed();
    } else this.break();
  }

  private answer(bytes: Buffer): void {
    this.read(bytes);
    const { answers, statement } = this.state;
    if (answers === 'pass' || !this.asked.includes(statement)) this.client.write(bytes);
    else if (answers === 'hold') {
      this.heldAnswers.push(bytes);
      this.disturbed();
    } else this.break();
  }

  private break(): void {
    this.cut();
    this.disturbed();
  }

  private read(bytes: Buffer): void {
    let at = -this.unread.length;
    this.unread = Buffer.concat([this.unread, bytes]);
    while (this.unread.length >= HEADER_BYTES) {
      const messageBytes = 1 + this.unread.readInt32BE(1);
      if (this.unread.length < messageBytes) return;
      if (this.unread[0] === READY_FOR_QUERY) {
        this.state.roundTrips += 1;
        this.isAnswered = true;
      }
      const isBackendKey = this.unread[0] === BACKEND_KEY_DATA && at >= 0;
      if (isBackendKey) bytes.writeInt32BE(INVENTED_PROCESS_ID, at + HEADER_BYTES);
      this.unread = this.unread.subarray(messageBytes);
      at += messageBytes;
    }
  }
}
