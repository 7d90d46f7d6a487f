// @ts-check
import { connect } from 'node:net';

/**
 * One keep-alive HTTP/1.1 connection with at most one request under way: only what a load generator
 * needs, at about 10 µs a request.
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
    const body = bodyOf(received.slice(0, headEnd), received, headEnd + 4);
    if (body instanceof Error) {
      this.#fail(body);
      return;
    }
    if (body === undefined) {
      this.#received = received;
      return;
    }
    this.#received = '';
    this.#answer(undefined, Number(received.slice(9, 12)), body);
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

/**
 * The body of an answer; undefined while some of it is missing, an error if its end cannot be told.
 * @param {string} head
 * @param {string} received
 * @param {number} start where the body begins in what was received
 */
function bodyOf(head, received, start) {
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
  if (length !== undefined) {
    const end = start + Number(length);
    return received.length < end ? undefined : received.slice(start);
  }
  if (/\r\ntransfer-encoding: *chunked/i.test(head)) return chunksOf(received, start);
  return new Error(`an answer without a length:\n${received}`);
}

/**
 * The chunks' text (RFC 9112, 7.1); undefined while the last one is missing, an error if it is none.
 * @param {string} received
 * @param {number} start
 */
function chunksOf(received, start) {
  let body = '';
  for (let at = start; ;) {
    const lineEnd = received.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const length = Number.parseInt(received.slice(at, lineEnd), 16);
    if (Number.isNaN(length)) return new Error(`a chunk without a length:\n${received}`);
    const end = lineEnd + 2 + length;
    if (received.length < end + 2) return undefined;
    if (length === 0) return body;
    body += received.slice(lineEnd + 2, end);
    at = end + 2;
  }
}
