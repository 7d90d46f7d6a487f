import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';

/** A connection is kept for the client's next request so long, in milliseconds. */
const KEPT_ALIVE_FOR = 72_000;
/** A request must have arrived whole within so long, in milliseconds. */
const REQUEST_ARRIVES_WITHIN = 60_000;
/** How often connections are looked for that are used no more while the servers close, in ms. */
const UNUSED_CHECK_INTERVAL = 50;

/**
 * The HTTP servers of one process, a server for every address of `localhost`, and their connections:
 * all of them are finished before anything that requests need is closed.
 */
export class Connections {
  private readonly servers: Server[] = [];
  private readonly sockets = new Set<Socket>();

  /** Makes a server that answers with `listener`. */
  serve(listener: RequestListener): Server {
    const server = createServer(
      { keepAliveTimeout: KEPT_ALIVE_FOR, requestTimeout: REQUEST_ARRIVES_WITHIN },
      listener,
    );
    server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.servers.push(server);
    return server;
  }

  /** Accepts no more connections, and waits until every running request is answered. */
  async finish(): Promise<void> {
    const unused = setInterval(() => this.closeUnused(), UNUSED_CHECK_INTERVAL);
    try {
      await Promise.all(
        this.servers.map((server) => new Promise((resolve) => server.close(resolve))),
      );
    } finally {
      clearInterval(unused);
    }
  }

  /** Breaks off every request that still runs. */
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  /**
   * A connection that was kept alive would hold its server for a minute after its last answer, and so
   * would one that a browser opened in advance and never used: to Node that one is not even idle.
   */
  private closeUnused(): void {
    for (const server of this.servers) server.closeIdleConnections();
    for (const socket of this.sockets) {
      if (socket.bytesRead === 0) socket.destroy();
    }
  }
}
