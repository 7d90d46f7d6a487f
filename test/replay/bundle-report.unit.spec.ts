import { describe, expect, it } from '@jest/globals';
import { canonicalJson, type JsonValue } from '../../src/domain/canonical-json.js';
import type { EventWithOrigin } from '../../src/domain/investigation/family-record.rules.js';
import { BUNDLE_FORMAT, type BundleEvidence } from '../../src/replay/bundle/bundle.evidence.js';
import { bundleFile, machinePartOf } from '../../src/replay/bundle/bundle.file.js';
import { spanWords } from '../../src/replay/bundle/report.words.js';
import { ELSEWHERE, HOME, ledgerEvent, told } from '../domain/investigation/told-families.js';
import { refresh } from '../support/domain-family-commands.js';
import { familyAt } from '../support/domain-family-events.js';
import { DAY, digest, FAMILY_ID, INCIDENT_ID, MINUTE, rotatedAt } from '../support/domain-world.js';

/** A family that a thief was found in, and the incident. */
function theft(from = ELSEWHERE): readonly EventWithOrigin[] {
  const receivedAt = rotatedAt(3) + MINUTE;
  const { events } = told(HOME, ...familyAt(3)).when(refresh({ generation: 1 }), {
    receivedAt,
    from,
  });
  const family = events.filter(({ event }) => event.streamId.startsWith('family:'));
  const data = { kind: 'refresh_token_reuse', familyId: FAMILY_ID };
  const opened = { type: 'IncidentOpened', data, recordedAt: receivedAt };
  const incident = ledgerEvent('incident', INCIDENT_ID, opened, family.length, {
    streamVersion: 1,
  });
  return [...family, { event: incident, origin: undefined }];
}

function evidenceOf(events: readonly EventWithOrigin[], by = 'operator'): BundleEvidence {
  return {
    format: BUNDLE_FORMAT,
    asked: { kind: 'family', id: FAMILY_ID },
    exported: { at: '2026-11-21T08:00:00.000Z', by, newer: [] },
    checkpoint: { note: 'log\n200\nroot\n\n— log signature\n', verifierKey: 'log+key' },
    events: events.map(({ event, origin }) => {
      const { position, previousPosition: _previous, appendedAt: _appended, ...body } = event;
      return {
        position,
        body: canonicalJson(body as unknown as JsonValue),
        origin: origin === undefined ? null : { salt: 'salt', ...origin },
        proof: [],
      };
    }),
  };
}

describe('the report of a bundle', () => {
  const file = bundleFile(evidenceOf(theft()));

  it('tells the incident, the family and the timeline', () => {
    expect(file).toContain('Two different parties used the same token: it was probably stolen.');
    expect(file).toContain(`<td>presenter</td><td>${ELSEWHERE.address}</td>`);
    expect(file).toContain(`<td>holder</td><td>${HOME.address}</td>`);
    expect(file).toContain('<h2>Token family');
    expect(file.match(/<td>RefreshTokenRotated/g)).toHaveLength(3);
  });

  it('is the same, to the byte, as long as the form has its number', () => {
    // Another digest is another form: give it another number, or bundles of before are refused.
    expect(BUNDLE_FORMAT).toBe('token-ledger-bundle/2');
    expect(digest(file)).toBe('JKKKr2dXmJ5I0nlphmvkSEB2x6j1TvPpsxtVgFusR74');
  });

  it('loads nothing, runs nothing, and says so to browsers', () => {
    expect(file).toMatch(/content="default-src &#39;none&#39;; style-src &#39;sha256-/);
    expect(file.match(/<script/g)).toHaveLength(1);
    expect(file).not.toMatch(/ (?:src|href|on\w+)=/);
  });

  it('escapes what strangers chose, also in the machine part', () => {
    const hostile = '</script><img src=x onerror=alert(1)>"\'&\u202e\u0007';
    const userAgent = `${hostile}<!--`;
    const drawn = bundleFile(evidenceOf(theft({ ...ELSEWHERE, userAgent }), hostile));
    expect(drawn).not.toContain('<img');
    expect(drawn).not.toContain('<!--');
    expect(drawn.match(/<\/script>/g)).toHaveLength(1);
    expect(drawn).toContain('&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
    expect(drawn).toContain(String.raw`\u{202e}\u{7}`);
    const machinePart = JSON.parse(machinePartOf(drawn) ?? '') as BundleEvidence;
    expect(machinePart.exported.by).toBe(hostile);
  });
});

describe('a span', () => {
  it.each([
    [999, '999 ms'],
    [80_000, '80.0 s'],
    [10 * MINUTE, '10.0 min'],
    [12 * 60 * MINUTE, '12.0 h'],
    [30 * DAY, '30.0 days'],
  ])('of %d ms is %s', (milliseconds, words) => {
    expect(spanWords(milliseconds)).toBe(words);
  });
});
