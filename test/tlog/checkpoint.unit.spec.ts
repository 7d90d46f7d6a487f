import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { formatCheckpoint, parseCheckpoint, type Checkpoint } from '../../src/tlog/checkpoint.js';
import vectors from '../vectors/checkpoint.json' with { type: 'json' };

const ROOT = 'CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=';
const CHECKPOINT: Checkpoint = {
  origin: 'ledger.example/0',
  size: 7,
  root: Buffer.from(ROOT, 'base64'),
  extensions: [],
};

const reasonOf = (text: string): string | undefined => {
  const parsed = parseCheckpoint(text);
  return parsed.kind === 'refused' ? parsed.reason : undefined;
};

describe('a checkpoint', () => {
  it.each(vectors.checkpoints)('of $origin is read and written as published', (published) => {
    const checkpoint = { ...published, root: Buffer.from(published.root, 'base64') };
    const { origin, size, root } = checkpoint;
    expect(parseCheckpoint(published.text)).toEqual({
      kind: 'parsed',
      checkpoint: { origin, size, root, extensions: [] },
    });
    expect(formatCheckpoint({ origin, size, root, extensions: [] })).toBe(published.text);
  });

  it.each(vectors.malformed)('is refused as published: $reason', ({ text, reason }) => {
    expect(reasonOf(text)).toBe(reason);
  });

  it('is origin, size, root and extension lines', () => {
    const text = formatCheckpoint({ ...CHECKPOINT, extensions: ['epoch 2', 'more'] });
    expect(text).toBe(`ledger.example/0\n7\n${ROOT}\nepoch 2\nmore\n`);
  });

  it('is read again as what it was made of', () => {
    const line = fc
      .string({ unit: 'grapheme', minLength: 1 })
      // oxlint-disable-next-line no-control-regex -- a note has none of them
      .map((text) => text.replace(/[\u0000-\u001f]/g, '-'));
    const checkpoints = fc.record({
      origin: line,
      size: fc.maxSafeNat(),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
      extensions: fc.array(line, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(checkpoints, (checkpoint) => {
        const parsed = parseCheckpoint(formatCheckpoint(checkpoint));
        expect(parsed).toEqual({ kind: 'parsed', checkpoint });
      }),
    );
  });

  it.each([
    ['', 'malformed_text'],
    [`a\n7\n${ROOT}`, 'malformed_text'],
    [`a\r\n7\n${ROOT}\n`, 'malformed_text'],
    [`a\u0000\n7\n${ROOT}\n`, 'malformed_text'],
    [`a\ud800\n7\n${ROOT}\n`, 'malformed_text'],
    ['\n', 'missing_line'],
    ['a\n', 'missing_line'],
    ['a\n7\n', 'missing_line'],
    [`\n7\n${ROOT}\n`, 'empty_line'],
    [`a\n\n${ROOT}\n`, 'empty_line'],
    ['a\n7\n\n', 'empty_line'],
    [`a\n7\n${ROOT}\n\n`, 'empty_line'],
    [`a\n7\n${ROOT}\nextension\n\nextension\n`, 'empty_line'],
    [`a\n07\n${ROOT}\n`, 'malformed_size'],
    [`a\n00\n${ROOT}\n`, 'malformed_size'],
    [`a\n-7\n${ROOT}\n`, 'malformed_size'],
    [`a\n+7\n${ROOT}\n`, 'malformed_size'],
    [`a\n7 \n${ROOT}\n`, 'malformed_size'],
    [`a\n7.0\n${ROOT}\n`, 'malformed_size'],
    [`a\n7e0\n${ROOT}\n`, 'malformed_size'],
    [`a\n٧\n${ROOT}\n`, 'malformed_size'],
    [`a\n9007199254740992\n${ROOT}\n`, 'malformed_size'],
    [`a\n${'9'.repeat(400)}\n${ROOT}\n`, 'malformed_size'],
    [`a\n7\n${ROOT.slice(0, -1)}\n`, 'malformed_root'],
    [`a\n7\n${ROOT.slice(0, -2)}J=\n`, 'malformed_root'],
    [`a\n7\n${ROOT.replace('/', '_')}\n`, 'malformed_root'],
    [`a\n7\n${ROOT.replace('U', ' U')}\n`, 'malformed_root'],
    [`a\n7\n${Buffer.alloc(31).toString('base64')}\n`, 'malformed_root'],
    [`a\n7\n${Buffer.alloc(33).toString('base64')}\n`, 'malformed_root'],
  ])('is not %j: %s', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  it.each(['0', '9007199254740991'])('may have the size %s', (size) => {
    expect(parseCheckpoint(`a\n${size}\n${ROOT}\n`)).toMatchObject({
      checkpoint: { size: Number(size) },
    });
  });

  it('is refused, or is exactly what is written for it, whatever the text', () => {
    const lines = fc.array(
      fc.oneof(fc.string(), fc.constantFrom('0', '7', '07', ROOT, `${ROOT}=`, '', '\n', 'a b')),
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      lines.map((each) => each.join('\n')),
    );
    fc.assert(
      fc.property(texts, fc.boolean(), (text, isEnded) => {
        const whole = isEnded ? `${text}\n` : text;
        const parsed = parseCheckpoint(whole);
        if (parsed.kind === 'parsed') expect(formatCheckpoint(parsed.checkpoint)).toBe(whole);
      }),
      { numRuns: 2000 },
    );
  });

  it.each<[string, Partial<Checkpoint>]>([
    ['an empty origin', { origin: '' }],
    ['an origin that brings its own lines', { origin: `a\n1\n${ROOT}` }],
    ['an origin with a control character', { origin: 'a\tb' }],
    ['a negative size', { size: -1 }],
    ['a fraction', { size: 0.5 }],
    ['a size beyond safe integers', { size: 2 ** 53 }],
    ['no number', { size: Number.NaN }],
    ['a short root', { root: Buffer.alloc(31) }],
    ['an empty extension', { extensions: [''] }],
    ['an extension of two lines', { extensions: ['a\nb'] }],
  ])('is not written with %s', (_why, fault) => {
    expect(() => formatCheckpoint({ ...CHECKPOINT, ...fault })).toThrow(RangeError);
    expect(formatCheckpoint(CHECKPOINT)).toBe(`ledger.example/0\n7\n${ROOT}\n`);
  });
});
