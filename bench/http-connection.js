import { connect } from 'node:net';

/**
 * One keep-alive HTTP/1.1 connection with at most one request under way: only what a load generator
 * needs, at about 10 µs a request. Answers must carry a Content-Length.
 */
export class HttpConnection {
  /** @type {((error: Error | undefined, status: number, body: string) => void) | undefined} */
  #waiting;
  #received = '';
  #closed = false;

  /** @param {import('node:net').Socket} socket a connected one */
  constructor(socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.on('data', (text) => this.#onText(String(text)));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => {
      if (!this.#closed) this.#fail(new Error('the server closed the connection'));
    });
  }

  #socket;

  /**
   * Opens a connection.
   * @param {URL} origin
   * @returns {Promise<HttpConnection>}
   */
  static open(origin) {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: origin.hostname, port: Number(origin.port) });
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new HttpConnection(socket));
      });
    });
  }

  /**
   * Sends a whole request, head and body, and hands its answer to `done`.
   * @param {string} text
   * @param {(error: Error | undefined, status: number, body: string) => void} done
   */
  send(text, done) {
    this.#waiting = done;
    this.#socket.write(text, 'latin1');
  }

  close() {
    this.#closed = true;
    this.#socket.destroy();
  }

  /** @param {string} text */
  #onText(text) {
    const received = this.#received === '' ? text : this.#received + text;
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd === -1) {
      this.#received = received;
      return;
    }
    const head = received.slice(0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) {
      this.#fail(new Error(`an answer without Content-Length:\n${received}`));
      return;
    }
    const bodyStart = headEnd + 4;
    if (received.length < bodyStart + Number(length)) {
      this.#received = received;
      return;
    }
    this.#received = '';
    this.#answer(undefined, Number(head.slice(9, 12)), received.slice(bodyStart));
  }

  /** @param {Error} error */
  #fail(error) {
    this.close();
    this.#answer(error, 0, '');
  }

  /**
   * @param {Error | undefined} error
   * @param {number} status
   * @param {string} body
   */
  #answer(error, status, body) {
    const done = this.#waiting;
    this.#waiting = undefined;
    done?.(error, status, body);
  }
}
