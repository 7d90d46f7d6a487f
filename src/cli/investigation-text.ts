import type { Investigation } from '../audit/investigation.answer.js';
import { countText, type Fact, tableText } from './terminal.js';

/** What can be concluded of an incident: the likely cause, and what the presenter may have reached. */
export function investigationFacts(investigation: Investigation): Fact[] {
  const { cause, confidence, evidence, blastRadius } = investigation;
  const statements = evidence.map(({ statement, positions }) => {
    const places = positions.length === 0 ? '' : ` at ${positions.join(', ')}`;
    return `${statement}${places}`;
  });
  return [
    ['Likely cause', `${cause}, ${confidence} confidence`],
    ['Because', statements.join('\n') || undefined],
    ...reachFacts(blastRadius),
  ];
}

function reachFacts(radius: Investigation['blastRadius']): Fact[] {
  if (radius === null) return [];
  const { accessTokenCount, accessTokens, scopes, audiences, longestRemainingLife } = radius;
  const unexpired = accessTokens.filter(({ isUnexpired }) => isUnexpired).length;
  const minted = `${countText(accessTokenCount, 'access token')}, ${unexpired} of them unexpired`;
  const left = `, for ${Math.ceil(longestRemainingLife / 1000)} s at most`;
  return [
    ['Reached', `${minted}${unexpired === 0 ? '' : left}`],
    ['With scopes', scopes.join(' ') || undefined],
    ['At', audiences.join('\n') || undefined],
  ];
}

/** Holder and presenter, side by side; undefined when neither is known. */
export function partiesTable({ parties }: Investigation): string | undefined {
  if (parties.length === 0) return undefined;
  const rows = parties.map(
    ({ role, address, userAgent, clientId, firstPosition, lastPosition }) => [
      role,
      [address ?? 'not known', userAgent ?? 'not known'].join('\n'),
      clientId ?? 'none',
      [...new Set([firstPosition, lastPosition])].join(' to '),
    ],
  );
  return tableText(['Party', 'Address\nUser agent', 'Client', 'Positions'], rows);
}
