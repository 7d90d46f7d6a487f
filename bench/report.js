// @ts-check
import { table, whole } from './table.js';

/**
 * @typedef {object} Level
 * @property {import('./systems/system.js').System} system
 * @property {import('./load.js').Work['operation']} operation
 * @property {number} cores the server's
 * @property {boolean} isShared whether its database has them too
 * @property {number} concurrency
 * @property {import('./load.js').Measurement} measurement
 *
 * @typedef {object} Result
 * @property {import('./machine.js').Machine} machine
 * @property {number} seconds measured at each level
 * @property {Level[]} levels
 * @property {import('./generations.js').GenerationsResult | undefined} [generations]
 * @property {import('./history.js').HistoryResult | undefined} [history]
 * @property {number} [tokens] that were introspected
 */

/** Above this share the figure may be somebody else's. */
const SHARE_SUSPICIOUS = 0.1;
const SHARE_SATURATED = 0.9;

const SHARED =
  '"Shared" cores: the server, all its processes, and its PostgreSQL have them together, and the load generator has another one to itself. CPU and RSS of a server of several processes are the sums over them.';

/** @type {import('./table.js').Column<Level>} */
const OPERATION_COLUMN = {
  heading: 'operation',
  left: true,
  cell: ({ operation }) => operation,
};
/** @type {import('./table.js').Column<Level>[]} */
const MEASUREMENT_COLUMNS = [
  { heading: 'p50 ms', cell: ({ measurement: m }) => m.latencyMsP50.toFixed(2) },
  { heading: 'p99 ms', cell: ({ measurement: m }) => m.latencyMsP99.toFixed(2) },
  { heading: 'CPU µs', cell: ({ measurement: m }) => whole(m.serverMicrosecondsEach) },
  { heading: 'database CPU µs', cell: ({ measurement: m }) => whole(m.databaseMicrosecondsEach) },
  { heading: 'CPU', cell: ({ measurement: m }) => percent(m.serverCpuShare) },
  { heading: 'RSS MB', cell: ({ measurement: m }) => whole(m.rssBytesMax / 1e6) },
  { heading: 'generator CPU', cell: ({ measurement: m }) => percent(m.generatorCpuShare) },
];

/**
 * The result as Markdown, for a terminal and for the record.
 * @param {Result} result
 */
export function report({ machine, seconds, levels, generations, history }) {
  const sections = [
    `${conditions(machine)}; ${seconds} s at each level.`,
    table(columnsFor(levels), levels),
    ...(levels.some(({ isShared }) => isShared) ? [SHARED] : []),
    ...comparisons(levels),
    ...warnings(levels),
    ...(generations === undefined ? [] : [generationsReport(generations)]),
    ...(history === undefined ? [] : [historyReport(history)]),
  ];
  return sections.join('\n\n');
}

/**
 * @param {readonly Level[]} levels
 * @returns {import('./table.js').Column<Level>[]}
 */
function columnsFor(levels) {
  const operations = unique(levels.map(({ operation }) => operation));
  const isOne = operations.length === 1;
  return [
    { heading: 'system', left: true, cell: ({ system }) => system.title },
    ...(isOne ? [] : [OPERATION_COLUMN]),
    { heading: 'cores', cell: coresText },
    { heading: 'concurrency', cell: ({ concurrency }) => String(concurrency) },
    {
      heading: isOne ? `${operations[0]}s/s` : 'operations/s',
      cell: ({ measurement: m }) => whole(m.perSecond),
    },
    ...MEASUREMENT_COLUMNS,
  ];
}

/**
 * A server's cores, for people.
 * @param {Pick<Level, 'cores' | 'isShared'>} level
 */
export function coresText({ cores, isShared }) {
  return isShared ? `${cores} shared` : String(cores);
}

/**
 * The levels of all systems on the same cores as one of them: the first, unless another is given.
 * @param {readonly Level[]} levels
 * @param {Level} [like]
 */
export function comparable(levels, like = levels[0]) {
  return levels.filter((level) => like !== undefined && coresText(level) === coresText(like));
}

/** @param {readonly Level[]} levels */
function comparisons(levels) {
  const shared = levels.find(({ isShared }) => isShared);
  return unique([levels[0], shared ?? levels[0]]).flatMap((like) =>
    ratios(comparable(levels, like)),
  );
}

/**
 * Where and when something was measured, in one line.
 * @param {import('./machine.js').Machine} machine
 */
export function conditions(machine) {
  const { cpu, cores, kernel, node, fileSystem, commit, date } = machine;
  const sync = `${machine.syncMillisecondsMedian.toFixed(2)} ms (median)`;
  return [
    `${cpu}, ${cores} cores, load average ${machine.loadAverage.toFixed(2)}`,
    kernel,
    `Node ${node}`,
    `${fileSystem}, 4 kB append and fdatasync ${sync}`,
    `commit ${commit}`,
    date,
  ].join('; ');
}

/**
 * How many times as fast as each other system ours are, at each level.
 * @param {readonly Level[]} levels
 */
function ratios(levels) {
  const titles = unique(levels.map(({ system }) => system.title));
  const bases = unique(levels.filter(({ system }) => system.isBase).map(({ system }) => system));
  const points = unique(levels.map(pointOf));
  const where = levels[0]?.isShared ? ', shared cores' : '';
  /** @param {string} title @param {string} point */
  const rate = (title, point) =>
    levels.find((level) => level.system.title === title && pointOf(level) === point)?.measurement
      .perSecond ?? NaN;
  return bases.flatMap(({ title: base }) => {
    const others = titles.filter((title) => title !== base);
    if (others.length === 0) return [];
    /** @type {import('./table.js').Column<string>[]} */
    const columns = [
      { heading: `${base}${where} ÷`, left: true, cell: String },
      ...points.map((point) => ({
        heading: point,
        /** @param {string} other */
        cell: (other) => `${(rate(base, point) / rate(other, point)).toFixed(2)}×`,
      })),
    ];
    return [table(columns, others)];
  });
}

/** @param {Level} level */
function pointOf({ operation, concurrency }) {
  return `${operation} at ${concurrency}`;
}

/**
 * Each of the items once, in their order.
 * @template Item
 * @param {readonly Item[]} items
 */
export function unique(items) {
  return [...new Set(items)];
}

/** @param {readonly Level[]} levels */
function warnings(levels) {
  return levels.flatMap(({ system, measurement, ...level }) => {
    const at = `${system.title}, ${level.operation} at concurrency ${level.concurrency}`;
    const { foreignCpuShare, generatorCpuShare } = measurement;
    return [
      ...(foreignCpuShare > SHARE_SUSPICIOUS
        ? [`Warning: ${at}: others used ${percent(foreignCpuShare)} of the server's cores.`]
        : []),
      ...(generatorCpuShare > SHARE_SATURATED
        ? [`Warning: ${at}: the load generator was busy ${percent(generatorCpuShare)}.`]
        : []),
    ];
  });
}

/** @param {import('./generations.js').GenerationsResult} generations */
function generationsReport({ generation, concurrency, rateFresh, rateOld, ratio, slices }) {
  return (
    `token-ledger at generation ${whole(generation)} of a family, concurrency ${concurrency}: ` +
    `${whole(rateOld)} rotations/s; families at generation 1 on the same ledger: ` +
    `${whole(rateFresh)}; ratio ${ratio.toFixed(3)} (medians of ${slices} slices each, taken in turn).`
  );
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(share * 100)} %`;
}

/** @param {import('./history.js').HistoryResult} history */
function historyReport({ events, families, concurrency, rateNew, rateOld, ratio, slices }) {
  return [
    `token-ledger on a ledger of ${whole(events)} events and ${whole(families)} families, all sealed and in the views, concurrency ${concurrency}: ${whole(rateOld)} rotations/s`,
    `on a new ledger: ${whole(rateNew)}`,
    `ratio ${ratio.toFixed(3)} (medians of ${slices} slices each, taken in turn).`,
  ].join('; ');
}
