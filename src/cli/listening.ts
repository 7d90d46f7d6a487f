import { lookup } from 'node:dns/promises';
import { createServer } from 'node:net';
import { type Settings, SettingsError } from '../config/settings.js';

type Place = Pick<Settings, 'host' | 'port'>;

/**
 * Makes sure, before anything is made, that the server will be able to listen, on every address that
 * `localhost` has. Throws a SettingsError that names PORT or HOST.
 */
export async function checkListening(place: Place): Promise<void> {
  if (place.port === 0) return;
  for (const address of await addressesOf(place)) await tryListening(place, address);
}

/** Why the server could not listen, as an error of one line that names the setting to change. */
export function listenErrorOf(error: unknown, { host, port }: Place): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new SettingsError(
        `PORT ${port} is in use on ${host}: stop what listens there, or set another PORT`,
      );
    case 'EACCES':
      return new SettingsError(`PORT ${port} needs a privileged user: set a PORT above 1023`);
    case 'EADDRNOTAVAIL':
    case 'EAI_AGAIN':
    case 'EINVAL':
    case 'ENOTFOUND':
      return new SettingsError(`HOST ${host} is not an address of this machine`);
    default:
      return error;
  }
}

async function addressesOf(place: Place): Promise<string[]> {
  try {
    const found = await lookup(place.host, { all: true });
    return found.map(({ address }) => address);
  } catch (error) {
    throw listenErrorOf(error, place);
  }
}

async function tryListening(place: Place, address: string): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(place.port, address, resolve);
    });
    await new Promise((resolve) => probe.close(resolve));
  } catch (error) {
    // A machine without IPv6 may still have ::1 in its hosts file.
    const isMissing = ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(
      (error as NodeJS.ErrnoException).code ?? '',
    );
    if (!(isMissing && place.host === 'localhost')) throw listenErrorOf(error, place);
  }
}
