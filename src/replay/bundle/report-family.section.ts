import type { LineageGeneration } from '../../domain/investigation/lineage-generation.rules.js';
import {
  type Lineage,
  type LineageEnd,
  lineageOf,
} from '../../domain/investigation/lineage.rules.js';
import type { ReadEvent } from './bundle-events.js';
import { type Html, htmlFacts, htmlTable, markup } from './report.html.js';
import { instantWords, spanWords } from './report.words.js';

/** All that descends from one grant: what was allowed, every refresh token, and the end. */
export function familySection(familyId: string, events: readonly ReadEvent[]): Html {
  const lineage = lineageOf(events);
  return markup`<section>
<h2>Token family <span class="id">${familyId}</span></h2>
${grantFacts(lineage)}<h3>Refresh tokens</h3>
${generationTable(lineage.generations)}${rejectionTable(lineage)}</section>
`;
}

function grantFacts({ grant, end }: Lineage): Html {
  const { policy } = grant;
  const window = spanWords(policy.retryWindow);
  return htmlFacts([
    ['Granted', instantWords(grant.at)],
    ['Client', grant.by.clientId],
    ['Account', grant.subject],
    ['Session', grant.sessionId],
    ['Scope', grant.scope.join(' ') || 'none'],
    ['Resources', grant.resources.join(' ')],
    ['Offline', grant.offline ? 'yes' : 'no'],
    ['Policy', `${policy.rotation}, retry window ${window}, idle ${spanWords(policy.idle)}`],
    ['Ends at last', instantWords(grant.absoluteExpiresAt)],
    ['Ended', end === null ? 'not revoked' : endWords(end)],
  ]);
}

function endWords({ at, reason, actor, killed }: LineageEnd): string {
  const { generation, accessTokens } = killed;
  const refresh = generation === null ? 'no refresh token' : `generation ${generation}`;
  return `${instantWords(at)}, ${reason}, by ${actor}; with it ${refresh} and ${accessTokens.length} access tokens`;
}

function generationTable(generations: readonly LineageGeneration[]): Html {
  const rows = generations.map((one) => [
    one.generation ?? 'none',
    instantWords(one.issuedAt),
    one.position,
    one.origin?.address ?? (one.isOriginErased ? 'erased' : 'unknown'),
    one.consumedAt === null ? 'no' : `${instantWords(one.consumedAt)} (${one.consumedBy})`,
    one.retries.length,
    one.accessTokens.map(({ sequence }) => sequence).join(', '),
  ]);
  return htmlTable(
    ['Generation', 'Issued', 'Position', 'From', 'Consumed', 'Retries', 'Access tokens'],
    rows,
  );
}

function rejectionTable({ rejections }: Lineage): Html {
  const rows = rejections.map((one) => [
    instantWords(one.at),
    one.position,
    one.presentedGeneration ?? one.kind,
    one.reason,
    one.by.clientId ?? 'none',
    one.origin?.address ?? (one.isOriginErased ? 'erased' : 'unknown'),
  ]);
  if (rows.length === 0) return markup``;
  return markup`<h3>Refused presentations</h3>
${htmlTable(['When', 'Position', 'Presented', 'Reason', 'Client', 'From'], rows)}`;
}
