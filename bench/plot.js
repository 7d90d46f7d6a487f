import { BarChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { comparable, conditions, unique } from './report.js';
import { whole } from './table.js';

use([BarChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

const WIDTH = 1180;
const HEAD = 130;
const FOOT = 84;
const BAR = 14;
const SYSTEM_GAP = 16;
const INK = '#1f2933';
const FAINT = '#616e7c';
const LINE = '#d8dee4';
/** From few clients to many. */
const COLORS = ['#a6cbe3', '#5fa2ce', '#2373ab', '#0b3c68'];
const DATABASE_COLOR = '#e8964f';
const FOOT_CHARACTERS_MAX = 190;
const LEGEND = {
  top: 54,
  itemWidth: 14,
  itemGap: 20,
  selectedMode: false,
  textStyle: { color: INK },
};
/** The part of a bar that is the database's. */
const DATABASE = 'of it in PostgreSQL';

/**
 * The rates of all systems and what a rotation costs them, as an SVG with a background of its own.
 * @param {import('./report.js').Result} result
 */
export function plot({ machine, seconds, levels }) {
  const shown = comparable(levels);
  const systems = unique(shown.map(({ system }) => system));
  const concurrencies = unique(shown.map(({ concurrency }) => concurrency));
  const height = HEAD + systems.length * (concurrencies.length * BAR + SYSTEM_GAP) + FOOT;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    color: COLORS,
    textStyle: { fontFamily: 'system-ui, sans-serif', color: INK },
    title: titles(`${conditions(machine)}; ${seconds} s at each level.`, height, shown[0]?.cores),
    legend: [
      { ...LEGEND, left: 20, data: concurrencies.map(clientsOf) },
      { ...LEGEND, left: 792, data: shown.some(isOnDatabase) ? [DATABASE] : [] },
    ],
    grid: [
      { left: 250, width: 470, top: HEAD, bottom: FOOT },
      { left: 800, width: 320, top: HEAD, bottom: FOOT },
    ],
    xAxis: [0, 1].map((gridIndex) => ({
      type: 'value',
      gridIndex,
      splitNumber: 4,
      axisLabel: { color: FAINT },
      splitLine: { lineStyle: { color: LINE } },
    })),
    yAxis: [0, 1].map((gridIndex) => systemAxis(systems, gridIndex)),
    series: seriesOf(shown, systems, concurrencies),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

/** @param {import('./report.js').Level} level */
function isOnDatabase({ measurement }) {
  return measurement.databaseMicrosecondsEach > 0;
}

/** @param {number} concurrency */
function clientsOf(concurrency) {
  return concurrency === 1 ? '1 client' : `${concurrency} clients`;
}

/**
 * @param {string} where
 * @param {number} height
 * @param {number} [cores]
 */
function titles(where, height, cores) {
  const panel = { top: HEAD - 34, textStyle: { fontSize: 14, color: INK } };
  const server = cores === 1 ? 'one core' : `${cores} cores`;
  return [
    {
      text: `Refresh-token rotations over HTTP, server on ${server}`,
      left: 20,
      top: 18,
      textStyle: { fontSize: 20, color: INK },
    },
    { ...panel, text: 'rotations a second: longer is better', left: 246 },
    { ...panel, text: 'CPU µs a rotation: shorter is better', left: 796 },
    {
      text: lines(where).join('\n'),
      left: 20,
      top: height - FOOT + 34,
      textStyle: { fontSize: 11, lineHeight: 16, fontWeight: 'normal', color: FAINT },
    },
  ];
}

/**
 * @param {readonly import('./systems/system.js').System[]} systems
 * @param {number} gridIndex
 */
function systemAxis(systems, gridIndex) {
  return {
    type: 'category',
    gridIndex,
    inverse: true,
    data: systems.map(({ title }) => title),
    axisTick: { show: false },
    axisLine: { lineStyle: { color: LINE } },
    axisLabel: {
      show: gridIndex === 0,
      interval: 0,
      color: INK,
      /** @param {string} title @param {number} index */
      formatter: (title, index) => (systems[index]?.isBase ? `{base|${title}}` : title),
      rich: { base: { fontWeight: 'bold', color: INK } },
    },
  };
}

/**
 * @param {readonly import('./report.js').Level[]} levels
 * @param {readonly import('./systems/system.js').System[]} systems
 * @param {readonly number[]} concurrencies
 */
function seriesOf(levels, systems, concurrencies) {
  return concurrencies.flatMap((concurrency) => {
    const measured = systems.map(
      (system) =>
        levels.find((level) => level.system === system && level.concurrency === concurrency)
          ?.measurement,
    );
    const bar = { type: 'bar', barGap: '8%', barCategoryGap: `${SYSTEM_GAP}%` };
    const cost = { ...bar, xAxisIndex: 1, yAxisIndex: 1, stack: String(concurrency) };
    const server = measured.map((m) => m?.serverMicrosecondsEach ?? 0);
    const database = measured.map((m) => m?.databaseMicrosecondsEach ?? 0);
    const sums = server.map((microseconds, index) => microseconds + (database[index] ?? 0));
    return [
      {
        ...bar,
        name: clientsOf(concurrency),
        data: measured.map((m) => m?.perSecond ?? 0),
        label: labelOf(({ value }) => whole(Number(value))),
      },
      { ...cost, name: clientsOf(concurrency), data: server },
      {
        ...cost,
        name: DATABASE,
        data: database,
        itemStyle: { color: DATABASE_COLOR },
        label: labelOf(({ dataIndex }) => whole(sums[dataIndex] ?? 0)),
      },
    ];
  });
}

/** @param {(bar: { value: unknown, dataIndex: number }) => string} formatter */
function labelOf(formatter) {
  return { show: true, position: 'right', fontSize: 11, color: FAINT, formatter };
}

/**
 * Breaks a line between its parts.
 * @param {string} text
 */
function lines(text) {
  const made = [''];
  for (const part of text.split('; ')) {
    const last = made.at(-1) ?? '';
    const longer = last === '' ? part : `${last}; ${part}`;
    if (longer.length <= FOOT_CHARACTERS_MAX) made[made.length - 1] = longer;
    else made.push(part);
  }
  return made;
}
