import { TILE_WIDTH, type TileCoordinates } from './tiles.js';

/** Where an entry bundle is, and how many entries it has: as the tile of their leaf hashes. */
export type BundleCoordinates = Omit<TileCoordinates, 'level'>;

const LEVEL_MAX = 63;
const ENTRIES = 'entries';

/**
 * `tile/`, a level or `entries`, the index in groups of three digits of which all but the last
 * begin with x, and the width of what is partial. Six groups hold more than any safe integer.
 */
const PATH =
  /^tile\/(entries|0|[1-9]\d?)\/((?!x000)(?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** The path of a tile of ours, `tile/<L>/<N>[.p/<W>]` (C2SP tlog-tiles, "Merkle Tree"). */
export function formatTilePath(tile: TileCoordinates): string {
  return `tile/${tile.level}/${formatPlace(tile)}`;
}

/** The path of a bundle of ours, `tile/entries/<N>[.p/<W>]` (C2SP tlog-tiles, "Log entries"). */
export function formatEntriesPath(bundle: BundleCoordinates): string {
  return `tile/${ENTRIES}/${formatPlace(bundle)}`;
}

/**
 * Reads the path of a tile; undefined for every text that `formatTilePath` does not write, and for
 * levels over 63 and indices over 2^53 - 1. The path is attacker-controlled; nothing is thrown.
 */
export function parseTilePath(path: string): TileCoordinates | undefined {
  const parsed = parsePath(path);
  // NaN, which is not below any limit, for `entries`.
  const level = Number(parsed?.row);
  return parsed !== undefined && level <= LEVEL_MAX ? { level, ...parsed.place } : undefined;
}

/**
 * Reads the path of an entry bundle; undefined for every text that `formatEntriesPath` does not
 * write, and for indices over 2^53 - 1. The path is attacker-controlled; nothing is thrown.
 */
export function parseEntriesPath(path: string): BundleCoordinates | undefined {
  const parsed = parsePath(path);
  return parsed?.row === ENTRIES ? parsed.place : undefined;
}

function formatPlace({ index, width }: BundleCoordinates): string {
  const digits = String(index);
  const groups = digits
    .padStart(Math.ceil(digits.length / 3) * 3, '0')
    .replace(/\d{3}(?=\d)/g, 'x$&/');
  return width === TILE_WIDTH ? groups : `${groups}.p/${width}`;
}

interface ParsedPath {
  /** A level in digits, or `entries`. */
  readonly row: string;
  readonly place: BundleCoordinates;
}

function parsePath(path: string): ParsedPath | undefined {
  const [, row, groups, partial] = PATH.exec(path) ?? [];
  if (row === undefined || groups === undefined) return undefined;
  const index = Number(groups.replace(/[x/]/g, ''));
  if (!Number.isSafeInteger(index)) return undefined;
  if (partial === undefined) return { row, place: { index, width: TILE_WIDTH } };
  const width = Number(partial);
  return width < TILE_WIDTH ? { row, place: { index, width } } : undefined;
}
