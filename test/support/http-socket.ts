import { connect } from 'node:net';

/** What came back over a socket: all of it, until the server closed or was silent. */
export interface SocketAnswer {
  readonly text: string;
  /** The status of the first answer; undefined when there was none. */
  readonly status: number | undefined;
  readonly isClosed: boolean;
}

/**
 * Sends bytes as they are, piece by piece, and waits for the server to close or to be silent for
 * `patience` ms. `hangUp` closes our side after the last piece, properly or not.
 */
export async function overSocket(
  base: string,
  pieces: readonly (string | Buffer)[],
  { hangUp, patience = 300 }: { hangUp?: 'end' | 'reset'; patience?: number } = {},
): Promise<SocketAnswer> {
  const { port } = new URL(base);
  const socket = connect({ host: '127.0.0.1', port: Number(port) });
  let text = '';
  let isClosed = false;
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      isClosed = true;
      resolve();
    });
    socket.on('error', () => undefined);
  });
  const quiet = new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, patience);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
      timer.refresh();
    });
    void closed.then(() => clearTimeout(timer));
  });
  for (const piece of pieces) {
    if (socket.destroyed) break;
    await new Promise<void>((resolve) => {
      socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece, () =>
        resolve(),
      );
    });
  }
  if (hangUp === 'end') socket.end();
  if (hangUp === 'reset') socket.resetAndDestroy();
  await Promise.race([closed, quiet]);
  socket.destroy();
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1];
  return { text, status: status === undefined ? undefined : Number(status), isClosed };
}
