import 'dotenv/config';
import { startServer } from './cli/serve.js';
import { readSettings } from './config/settings.js';

try {
  await startServer(readSettings(process.env));
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
