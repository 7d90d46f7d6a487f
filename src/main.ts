import { fail } from './cli/failure.js';
import { runServer } from './cli/run-server.js';

try {
  await runServer();
} catch (error) {
  fail(error);
}
