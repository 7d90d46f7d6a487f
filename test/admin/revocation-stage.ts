import { setTimeout } from 'node:timers/promises';
import type { RevocationAnswer } from '../../src/admin/revocation.answer.js';
import { read } from '../audit/audit-stage.js';
import type { HttpServer } from '../support/http-server.js';

/** A revocation when it is completed. */
export async function revocationCompleted(
  server: HttpServer,
  id: string,
  token: string,
): Promise<RevocationAnswer> {
  for (;;) {
    const { body, status, text } = await read<RevocationAnswer>(
      server,
      `/admin/revocations/${id}`,
      token,
    );
    if (status !== 200) throw new Error(`${status} ${text}`);
    if (body.status === 'completed') return body;
    await setTimeout(20);
  }
}
