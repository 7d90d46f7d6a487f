import { table } from './table.js';

/**
 * @typedef {{ system: string, title: string, cores: number, concurrency: number,
 *   measurement: import('./load.js').Measurement }} Level
 *
 * @typedef {object} Result
 * @property {import('./machine.js').Machine} machine
 * @property {number} seconds measured at each level
 * @property {Level[]} levels
 * @property {import('./generations.js').GenerationsResult | undefined} generations
 */

/** Above this share the figure may be somebody else's. */
const SHARE_SUSPICIOUS = 0.1;
const SHARE_SATURATED = 0.9;

/** @type {import('./table.js').Column<Level>[]} */
const LEVEL_COLUMNS = [
  { heading: 'system', left: true, cell: ({ title }) => title },
  { heading: 'cores', cell: ({ cores }) => String(cores) },
  { heading: 'concurrency', cell: ({ concurrency }) => String(concurrency) },
  { heading: 'rotations/s', cell: ({ measurement: m }) => whole(m.rotationsPerSecond) },
  { heading: 'p50 ms', cell: ({ measurement: m }) => m.latencyMsP50.toFixed(2) },
  { heading: 'p99 ms', cell: ({ measurement: m }) => m.latencyMsP99.toFixed(2) },
  { heading: 'CPU µs', cell: ({ measurement: m }) => whole(m.serverMicrosecondsPerRotation) },
  {
    heading: 'database CPU µs',
    cell: ({ measurement: m }) => whole(m.databaseMicrosecondsPerRotation),
  },
  { heading: 'CPU', cell: ({ measurement: m }) => percent(m.serverCpuShare) },
  { heading: 'RSS MB', cell: ({ measurement: m }) => whole(m.rssBytesMax / 1e6) },
  { heading: 'generator CPU', cell: ({ measurement: m }) => percent(m.generatorCpuShare) },
];

/**
 * The result as Markdown, for a terminal and for the record.
 * @param {Result} result
 */
export function report({ machine, seconds, levels, generations }) {
  const sections = [
    `${conditions(machine)}; ${seconds} s at each level.`,
    table(LEVEL_COLUMNS, levels),
    ...ratios(levels.filter(({ cores }) => cores === levels[0]?.cores)),
    ...warnings(levels),
    ...(generations === undefined ? [] : [generationsReport(generations)]),
  ];
  return sections.join('\n\n');
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
 * What each system reaches beside the first, at each concurrency.
 * @param {readonly Level[]} levels
 */
function ratios(levels) {
  const [first] = levels;
  const titles = [...new Set(levels.map(({ title }) => title))];
  if (first === undefined || titles.length < 2) return [];
  const concurrencies = [...new Set(levels.map(({ concurrency }) => concurrency))];
  /** @param {string} title @param {number} concurrency */
  const rate = (title, concurrency) =>
    levels.find((level) => level.title === title && level.concurrency === concurrency)?.measurement
      .rotationsPerSecond ?? NaN;
  /** @type {import('./table.js').Column<number>[]} */
  const columns = [
    { heading: 'concurrency', cell: String },
    ...titles.slice(1).map((title) => ({
      heading: `${first.title} ÷ ${title}`,
      /** @param {number} concurrency */
      cell: (concurrency) =>
        `${(rate(first.title, concurrency) / rate(title, concurrency)).toFixed(2)}×`,
    })),
  ];
  return [table(columns, concurrencies)];
}

/** @param {readonly Level[]} levels */
function warnings(levels) {
  return levels.flatMap(({ title, concurrency, measurement }) => {
    const at = `${title} at concurrency ${concurrency}`;
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

/** @param {number} number */
function whole(number) {
  return Math.round(number).toLocaleString('en-US');
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(share * 100)} %`;
}
