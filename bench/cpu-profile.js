// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { table } from './table.js';

/**
 * @typedef {{ place: string, microseconds: number, share: number }} Cost
 *
 * @typedef {{ nodes: { id: number, callFrame: { functionName: string, url: string,
 *   lineNumber: number } }[], samples: number[], timeDeltas: number[] }} CpuProfile
 */

/** @type {import('./table.js').Column<Cost>[]} */
const COLUMNS = [
  { heading: 'self', cell: ({ share }) => `${(share * 100).toFixed(1)} %` },
  { heading: 'ms', cell: ({ microseconds }) => (microseconds / 1000).toFixed(0) },
  { heading: 'function', left: true, cell: ({ place }) => place },
];

/**
 * The functions that cost most by themselves in the newest profile of a directory, as a table.
 * Shares are of the time that was not idle.
 * @param {string} directory
 * @param {number} count
 */
export function topCosts(directory, count) {
  const files = existsSync(directory) ? readdirSync(directory) : [];
  const file = files
    .filter((name) => name.endsWith('.cpuprofile'))
    .sort()
    .at(-1);
  if (file === undefined) return `no profile in ${directory}: the server did not end by itself`;
  const profile = JSON.parse(readFileSync(path.join(directory, file), 'utf8'));
  return table(COLUMNS, costsOf(profile).slice(0, count));
}

/**
 * @param {CpuProfile} profile
 * @returns {Cost[]}
 */
function costsOf({ nodes, samples, timeDeltas }) {
  const places = new Map(nodes.map((node) => [node.id, placeOf(node.callFrame)]));
  /** @type {Map<string, number>} */
  const costs = new Map();
  samples.forEach((id, index) => {
    const place = places.get(id) ?? '';
    costs.set(place, (costs.get(place) ?? 0) + (timeDeltas[index] ?? 0));
  });
  costs.delete('(idle)');
  const total = [...costs.values()].reduce((sum, microseconds) => sum + microseconds, 0);
  return [...costs]
    .map(([place, microseconds]) => ({ place, microseconds, share: microseconds / total }))
    .sort((left, right) => right.microseconds - left.microseconds);
}

/** @param {CpuProfile['nodes'][number]['callFrame']} frame */
function placeOf({ functionName, url, lineNumber }) {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  return `${name} ${url.replace(/^.*\/(node_modules|dist)\//, '$1/')}:${lineNumber + 1}`;
}
