import type { FastifyReply } from 'fastify';
import { securityHeaders } from '../access/security-headers.js';

/** A page on its way out. */
export interface PageReply {
  readonly html: string;
  readonly status?: number;
  /** Whether the issuer is https. */
  readonly secure: boolean;
  /** Where a form of the page may lead besides this server. */
  readonly formActions?: readonly string[];
}

/** Sends a page of ours with its security headers; nothing of it is ever cached. */
export async function sendPage(reply: FastifyReply, page: PageReply): Promise<void> {
  const { html, status = 200, secure, formActions = [] } = page;
  await reply
    .status(status)
    .headers({ 'cache-control': 'no-store', ...securityHeaders({ secure, formActions }) })
    .type('text/html; charset=utf-8')
    .send(html);
}
