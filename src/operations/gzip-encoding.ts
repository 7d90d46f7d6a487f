import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** A body compressed with gzip, off this thread. */
export const gzipped = promisify<Buffer, Buffer>(gzip);

/** Whether `Accept-Encoding` names gzip with a weight above zero (RFC 9110, section 12.5.3). */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  return (acceptEncoding ?? '').split(',').some((one) => {
    const [coding = '', ...parameters] = one.split(';').map((part) => part.trim().toLowerCase());
    return coding === 'gzip' && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
