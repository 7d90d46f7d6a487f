import { createHash } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';

import { messagePage } from '../../../src/interaction/pages/pages.js';
import { stylesheet, stylesheetPath } from '../../../src/interaction/pages/stylesheet.js';

function readPalette(block: string): Map<string, string> {
  return new Map(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]+);/gu)].map(([, name = '', colour = '']) => [
      name,
      colour,
    ]),
  );
}

const [lightBlock = '', darkBlock = ''] = stylesheet.match(/:root \{[^}]+\}/gu) ?? [];
const palettes = new Map([
  ['light', readPalette(lightBlock)],
  ['dark', readPalette(darkBlock)],
]);

function luminance(colour: string): number {
  if (!/^#[0-9a-f]{6}$/u.test(colour)) throw new Error(`${colour} is not an opaque colour`);
  const channel = (start: number): number => {
    const share = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}

/** The contrast ratio of WCAG 2.2, from 1 to 21. */
function contrast(first: string, second: string): number {
  const [lighter, darker] = [luminance(first), luminance(second)].sort((a, b) => b - a);
  return ((lighter ?? 0) + 0.05) / ((darker ?? 0) + 0.05);
}

const textPairs = [
  ['ink', 'paper'],
  ['ink', 'surface'],
  ['ink', 'band'],
  ['ink', 'danger-surface'],
  ['ink', 'caution-surface'],
  ['ink-soft', 'paper'],
  ['ink-soft', 'paper-line'],
  ['ink-soft', 'surface'],
  ['ink-soft', 'band'],
  ['accent', 'paper'],
  ['accent', 'paper-line'],
  ['accent', 'surface'],
  ['accent-strong', 'surface'],
  ['accent-strong', 'band'],
  ['on-accent', 'accent'],
  ['on-accent', 'accent-strong'],
  ['danger', 'danger-surface'],
  ['caution', 'caution-surface'],
] as const;

const shapePairs = [
  ['field-edge', 'surface'],
  ['danger', 'surface'],
  ['focus', 'surface'],
  ['focus', 'paper'],
] as const;

describe.each([...palettes])('the %s palette', (_scheme, palette) => {
  const ratio = (first: string, second: string): number =>
    contrast(palette.get(first) ?? '', palette.get(second) ?? '');

  it.each(textPairs)('makes text readable: %s on %s', (foreground, background) => {
    expect(ratio(foreground, background)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(shapePairs)('makes shapes visible: %s on %s', (foreground, background) => {
    expect(ratio(foreground, background)).toBeGreaterThanOrEqual(3);
  });

  it('defines every colour that is used', () => {
    const used = [...stylesheet.matchAll(/var\(--([\w-]+)\)/gu)].map(([, name = '']) => name);
    expect(used.length).toBeGreaterThan(20);
    expect(used.filter((name) => !palette.has(name))).toEqual([]);
  });
});

describe('the stylesheet', () => {
  it('measures contrast as WCAG does', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
  });

  it('sets colours only in the palettes', () => {
    const rules = stylesheet.replace(lightBlock, '').replace(darkBlock, '');
    expect(rules).not.toMatch(/#[0-9a-f]{3,8}\b|rgb|hsl/u);
  });

  it('loads nothing', () => {
    expect(stylesheet).not.toMatch(/url\(|@import|@font-face|https?:/u);
  });

  it('shows focus, and moves nothing for those who asked for stillness', () => {
    expect(stylesheet).toMatch(/:focus-visible \{ outline: 3px solid var\(--focus\)/u);
    expect(stylesheet).not.toMatch(/outline: (?:0|none)/u);
    expect(stylesheet).toMatch(
      /prefers-reduced-motion: reduce\) \{\s*\.button \{ transition: none/u,
    );
    expect(stylesheet.match(/transition: (?!none)/gu)).toHaveLength(1);
  });

  it('has a path that follows its content', () => {
    const hash = createHash('sha256').update(stylesheet).digest('hex');
    expect(stylesheetPath).toBe(`/assets/${hash.slice(0, 16)}.css`);
  });

  it('and the browser bar have the same paper', () => {
    const html = messagePage({ title: 'Done', message: 'Done.' });
    for (const [scheme, palette] of palettes) {
      const paper = palette.get('paper') ?? 'no paper';
      expect(html).toContain(`media="(prefers-color-scheme: ${scheme})" content="${paper}"`);
    }
  });
});
