import { join } from 'node:path';
import { NestFactory } from '@nestjs/core';
import { ServiceModule } from '../../src/app.module.js';
import { closeResources, openResources } from '../../src/cli/resources.js';
import { readSettings } from '../../src/config/settings.js';
import { type SignInOutcome, SignIns } from '../../src/directory/sign-ins.service.js';

/** What comes of signing in with what a server of this environment made in a directory. */
export async function signIn(
  directory: string,
  username: string,
  password: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<SignInOutcome> {
  const settings = readSettings({
    TOKEN_LEDGER_DATA_DIR: join(directory, 'data'),
    TOKEN_LEDGER_MASTER_KEY_FILE: join(directory, 'keys/master.key'),
    ...environment,
  });
  const resources = await openResources(settings, 'command_line');
  const service = ServiceModule.of(resources);
  const context = await NestFactory.createApplicationContext(service, { logger: false });
  try {
    return await context.get(SignIns).check(username, password);
  } finally {
    await context.close();
    await closeResources(resources);
  }
}
