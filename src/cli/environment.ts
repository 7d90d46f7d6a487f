import { config } from 'dotenv';
import { readSettings, type Settings } from '../config/settings.js';

/**
 * The settings of the environment and of a `.env` file in the working directory; the environment
 * wins. Throws a SettingsError of one line.
 */
export function readEnvironment(): Settings {
  config({ quiet: true });
  return readSettings(process.env);
}

/** Whether the environment, once it was read, names the issuer, or the port that it follows from. */
export function namesIssuer(): boolean {
  return [process.env['TOKEN_LEDGER_ISSUER'], process.env['PORT']].some(
    (value) => value !== undefined && value !== '',
  );
}
