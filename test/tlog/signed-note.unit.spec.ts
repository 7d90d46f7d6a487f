import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseCheckpoint } from '../../src/tlog/checkpoint.js';
import { openNote, signNote, type OpenedNote } from '../../src/tlog/signed-note.js';
import { noteVerifier, parseVerifierKey, type NoteVerifier } from '../../src/tlog/verifier-key.js';
import checkpoints from '../vectors/checkpoint.json' with { type: 'json' };
import vectors from '../vectors/signed-note.json' with { type: 'json' };
import { enochKeys, keysOf, peterKeys } from './note-keys.js';

const { text, specification } = vectors;
const peterLine = vectors.peter.signatureLine;
const enochLine = vectors.enoch.signatureLine;

const verifierOf = (key: string): NoteVerifier => {
  const parsed = parseVerifierKey(key);
  if (parsed.kind === 'refused') throw new Error(parsed.reason);
  return parsed.verifier;
};
const peter = verifierOf(vectors.peter.verifierKey);
const enoch = verifierOf(vectors.enoch.verifierKey);

const opened = (note: OpenedNote): Exclude<OpenedNote, { kind: 'refused' }> => {
  if (note.kind === 'refused') throw new Error(note.reason);
  return note;
};
const namesOf = (signatures: readonly { name: string }[]): string[] =>
  signatures.map(({ name }) => name);
/**
 * PeterNeumann's signature on the same text with the nonce 42 for the one of RFC 8032: whoever has a
 * key can make as many signatures as they like.
 */
const peterAgain =
  '— PeterNeumann x08go84aMplOg1wZPivzOQn0Q3OuLPlN3vD9kiA1xINnBjfCpWyPfCn2P+FT3BdkMDKSILAbcjmtGkXqvRVY5DXUsAo=\n';

const refused = (reason: string): OpenedNote => ({ kind: 'refused', reason }) as OpenedNote;

/** A signature's line with other bytes than a signature behind the key id. */
const lineOf = (name: string, keyId: string, signature: Buffer): string =>
  `— ${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64')}\n`;

describe('signing', () => {
  it('writes the published notes', () => {
    const byPeter = signNote(text, { name: peter.name, privateKey: peterKeys.privateKey });
    const byEnoch = signNote(text, { name: enoch.name, privateKey: enochKeys.privateKey });
    expect(byPeter).toBe(`${text}\n${peterLine}`);
    expect(byEnoch).toBe(`${text}\n${enochLine}`);
  });

  it('is undone by opening, for any text and key', () => {
    const lines = fc
      .string({ unit: 'grapheme' })
      // oxlint-disable-next-line no-control-regex -- a note has none of them
      .map((text) => `${text.replace(/[\u0000-\u0009\u000b-\u001f]/g, '\n')}\n`);
    const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(lines, seeds, (text, seed) => {
        const { privateKey, publicKey } = keysOf(Buffer.from(seed));
        const note = signNote(text, { name: 'key', privateKey });
        const verifier = noteVerifier('key', publicKey);
        for (const form of [note, Buffer.from(note)]) {
          const { text: signed, verified, unverified } = opened(openNote(form, [peter, verifier]));
          expect(signed).toBe(text);
          expect(verified).toMatchObject([{ name: 'key', keyId: verifier.keyId }]);
          expect(unverified).toEqual([]);
        }
      }),
    );
  });

  it.each(['', 'no newline', 'a\tb\n', 'a\r\n', 'a\u0000\n', 'a\ud800\n'])(
    'refuses the text %j',
    (text) => {
      expect(() => signNote(text, { name: 'key', privateKey: peterKeys.privateKey })).toThrow(
        RangeError,
      );
    },
  );

  it('refuses a name with a space, and keys that are not Ed25519 private keys', () => {
    const { privateKey } = peterKeys;
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => signNote(text, { name: 'a b', privateKey })).toThrow(RangeError);
    for (const other of [p256.privateKey, peterKeys.publicKey, createSecretKey(Buffer.alloc(32))]) {
      expect(() => signNote(text, { name: 'a', privateKey: other })).toThrow(RangeError);
    }
  });
});

describe('opening', () => {
  it('the published notes verifies them', () => {
    const note = opened(openNote(`${text}\n${peterLine}`, [peter]));
    expect(note.text).toBe(text);
    expect(note.verified).toEqual([
      { name: 'PeterNeumann', keyId: 'c74f20a3', signature: expect.any(Buffer) },
    ]);
    expect(note.verified[0]!.signature).toHaveLength(64);

    const example = openNote(specification.note, [verifierOf(specification.verifierKey)]);
    expect(opened(example).text).toBe('This is an example message.\n');
  });

  it('ignores signatures of unknown keys, and names them', () => {
    const note = opened(openNote(`${text}\n${peterLine}${enochLine}`, [peter]));
    expect(namesOf(note.verified)).toEqual(['PeterNeumann']);
    expect(namesOf(note.unverified)).toEqual(['EnochRoot']);
  });

  it('verifies the signatures of all known keys', () => {
    const note = opened(openNote(`${text}\n${enochLine}${peterLine}`, [peter, enoch]));
    expect(namesOf(note.verified)).toEqual(['EnochRoot', 'PeterNeumann']);
    expect(note.unverified).toEqual([]);
  });

  it('refuses a note that no known key has signed', () => {
    const note = `${text}\n${peterLine}${enochLine}`;
    expect(openNote(note, [])).toEqual(refused('no_known_signature'));
    expect(openNote(checkpoints.note, [peter])).toEqual(refused('no_known_signature'));
  });

  it('takes a key for another when the name or the key id differs', () => {
    const renamed = { ...peter, name: 'PeterPan' };
    const another = { ...peter, keyId: 'c74f20a4' };
    const note = `${text}\n${peterLine}`;
    expect(openNote(note, [renamed, another])).toEqual(refused('no_known_signature'));
  });

  it('refuses the whole note for one bad signature of a known key', () => {
    const bad = lineOf('EnochRoot', 'af0cfe78', Buffer.alloc(64));
    const note = `${text}\n${peterLine}${bad}`;
    expect(openNote(note, [peter, enoch])).toEqual(refused('invalid_signature'));
    expect(openNote(note, [peter])).toMatchObject({ kind: 'opened' });
  });

  it('refuses a bad signature of a known key even after a good one of the same key', () => {
    const bad = lineOf('PeterNeumann', 'c74f20a3', Buffer.alloc(64));
    expect(openNote(`${text}\n${peterLine}${bad}`, [peter])).toEqual(refused('invalid_signature'));
  });

  it.each([1, 63, 65, 5000])('refuses a signature of %d bytes by a known key', (length) => {
    const line = lineOf('PeterNeumann', 'c74f20a3', Buffer.alloc(length, 1));
    expect(openNote(`${text}\n${line}`, [peter])).toEqual(refused('invalid_signature'));
  });

  it('refuses a signature over another text', () => {
    const other = text.replace('problem', 'prob1em');
    expect(openNote(`${other}\n${peterLine}`, [peter])).toEqual(refused('invalid_signature'));
    expect(openNote(`${text}\n\n${peterLine}`, [peter])).toEqual(refused('invalid_signature'));
  });

  it('refuses a key that is ambiguous, where it has signed', () => {
    const verifiers = [enoch, peter, { ...enoch, publicKey: peter.publicKey }];
    expect(openNote(`${text}\n${enochLine}`, verifiers)).toEqual(refused('ambiguous_key'));
    expect(openNote(`${text}\n${peterLine}`, verifiers)).toMatchObject({ kind: 'opened' });
  });

  it('counts a repeated line once', () => {
    const another = lineOf('EnochRoot', 'af0cfe78', Buffer.alloc(64));
    const lines = [peterLine, enochLine, peterLine, another, enochLine, another].join('');
    const note = opened(openNote(`${text}\n${lines}`, [peter]));
    expect(namesOf(note.verified)).toEqual(['PeterNeumann']);
    expect(namesOf(note.unverified)).toEqual(['EnochRoot', 'EnochRoot']);
  });

  it('counts a key once, however many signatures it has made', () => {
    expect(openNote(`${text}\n${peterAgain}`, [peter])).toMatchObject({ kind: 'opened' });
    const note = opened(openNote(`${text}\n${peterLine}${peterAgain}`, [peter]));
    expect(namesOf(note.verified)).toEqual(['PeterNeumann']);
  });

  it('takes 100 signatures, and no more', () => {
    const many = (count: number): string => `${text}\n${peterLine.repeat(count)}`;
    expect(openNote(many(100), [peter])).toMatchObject({ kind: 'opened' });
    expect(openNote(many(101), [peter])).toEqual(refused('too_many_signatures'));
    expect(openNote(many(101), [])).toEqual(refused('too_many_signatures'));
  });

  it('separates text and signatures at the last empty line', () => {
    const { privateKey, publicKey } = peterKeys;
    for (const text of ['\n', '\n\n', 'a\n\n', `a\n\n${enochLine}`, 'a\n\n\nb\n']) {
      const note = signNote(text, { name: 'key', privateKey });
      expect(opened(openNote(note, [noteVerifier('key', publicKey)])).text).toBe(text);
    }
  });

  it('gives a checkpoint its text, here the published one', () => {
    const end = checkpoints.note.indexOf('\n\n') + 1;
    expect(parseCheckpoint(checkpoints.note.slice(0, end)).kind).toBe('parsed');
    expect(checkpoints.note.slice(0, end)).toBe(checkpoints.checkpoints[0]!.text);
  });

  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['no signatures', text],
    ['no signature after the empty line', `${text}\n`],
    ['no text', `\n${peterLine}`],
    ['no newline at the end', `${text}\n${peterLine.slice(0, -1)}`],
    ['an empty line at the end', `${text}\n${peterLine}\n`],
    ['a control character in the text', `\u0001${text}\n${peterLine}`],
    ['a tab in a signature', `${text}\n${peterLine.replace(' x', '\tx')}`],
    ['carriage returns', `${text}\n${peterLine}`.replaceAll('\n', '\r\n')],
    ['bytes that are not UTF-8', Buffer.concat([Buffer.of(0xff), Buffer.from(text + peterLine)])],
    ['a lone surrogate', `\ud800${text}\n${peterLine}`],
    ['a name with a space', `${text}\n— Bad Name ${peterLine.split(' ')[2]!}`],
    ['a name with a plus', `${text}\n${peterLine.replace('rN', 'r+N')}`],
    ['a name with a wide space', `${text}\n${peterLine.replace('rN', 'r\u3000N')}`],
    ['a line that is no signature', `${text}\n${peterLine}Unexpected line.\n`],
    ['a hyphen for the dash', `${text}\n${peterLine.replace('—', '-')}`],
    ['two spaces', `${text}\n${peterLine.replace(' x', '  x')}`],
    ['something behind the signature', `${text}\n${peterLine.replace('\n', ' \n')}`],
    ['base64 without padding', `${text}\n${peterLine.replace('=', '')}`],
    ['base64 with other last bits', `${text}\n${peterLine.replace('AM=', 'AN=')}`],
    ['a key id alone', `${text}\n${lineOf('PeterNeumann', 'c74f20a3', Buffer.alloc(0))}`],
    ['half a key id', `${text}\n— PeterNeumann x08=\n`],
  ])('refuses a note with %s', (_why, note) => {
    expect(openNote(note, [peter])).toEqual(refused('malformed_note'));
    expect(openNote(note, [])).toEqual(refused('malformed_note'));
  });

  it('refuses the note when any bit of it is another', () => {
    const note = Buffer.from(`${text}\n${peterLine}`);
    const accepted = Array.from({ length: note.length * 8 }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(note);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      return openNote(changed, [peter]).kind === 'opened';
    });
    expect(accepted).toEqual([]);
  });

  it('is never an exception, and never accepts, whatever the bytes', () => {
    const near = fc
      .array(fc.constantFrom('\n', '\n\n', '— ', 'PeterNeumann ', 'x08go/ZJ', 'a', '=', ' '))
      .map((parts) => parts.join(''));
    const notes = fc.oneof(
      near,
      fc.string({ unit: 'binary' }),
      fc.uint8Array(),
      near.map((end) => `${text}\n${end}`),
    );
    fc.assert(
      fc.property(notes, (note) => {
        expect(openNote(note, [peter, enoch]).kind).toBe('refused');
      }),
      { numRuns: 2000 },
    );
  });
});
