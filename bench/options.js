// @ts-check
import { parseArgs } from 'node:util';

/** The command line was wrong. The message is one line that names the flag. */
export class UsageError extends Error {}

/**
 * A bench's command.
 * @typedef {object} Command
 * @property {string} name of the npm script
 * @property {string} summary
 * @property {readonly string[]} systemNames
 * @property {string} concurrency the default
 * @property {readonly ('generations' | 'history' | 'tokens')[]} flags those that not all commands have
 * @property {string} records the files that --record writes
 * @property {readonly string[]} examples
 */

const FLAGS = {
  generations:
    "  --generations N      also: token-ledger's rate at generation N of a family beside generation 1\n",
  history:
    "  --history N          also: token-ledger's rate on a ledger of N events beside a new one\n",
  tokens: '  --tokens N           different access tokens that are introspected (2048)\n',
};

/**
 * What --help prints.
 * @param {Command} command
 */
export function helpOf({ name, summary, systemNames, concurrency, flags, records, examples }) {
  return `${summary}

Usage: npm run ${name} -- [flags]

  --concurrency LIST   numbers of simultaneous clients (${concurrency})
  --seconds N          measured seconds at each level (5)
  --warm-up N          seconds before each measurement that do not count (2)
  --only LIST          systems to run, of those below (all)
  --cores LIST         numbers of cores that the server may use (1)
${flags.map((flag) => FLAGS[flag]).join('')}\
  --directory DIR      where the temporary databases go (the system's temporary directory)
  --profile DIR        keep a CPU profile of each server in DIR and print its costs (slows it)
  --json               print the result as JSON instead of a table
  --record             write ${records}
  --help

Systems: ${systemNames.join(', ')}.
Those that are not token-ledger's need npm run bench:install once${
    name === 'bench:rotate' ? ', and so does the plot that --record writes' : ''
  }.

Examples:
${examples.map((words) => `  npm run ${name} -- ${words}\n`).join('')}`;
}

/**
 * What a run was asked to do.
 * @typedef {object} Options
 * @property {number[]} concurrency
 * @property {number} seconds
 * @property {number} warmUpSeconds
 * @property {string[]} only names of systems
 * @property {number[]} cores
 * @property {number | undefined} generations
 * @property {number | undefined} history events
 * @property {number} tokens
 * @property {string | undefined} directory
 * @property {string | undefined} profile
 * @property {boolean} json
 * @property {boolean} record
 * @property {boolean} help
 */

/**
 * Reads the command line. Throws a UsageError.
 * @param {string[]} words
 * @param {Command} command
 * @returns {Options}
 */
export function readOptions(words, { systemNames, concurrency, flags }) {
  const values = parse(words);
  for (const flag of /** @type {const} */ (['generations', 'history', 'tokens'])) {
    if (values[flag] !== undefined && !flags.includes(flag)) {
      throw new UsageError(`--${flag} is of no use here`);
    }
  }
  const only = values.only === undefined ? [...systemNames] : values.only.split(',');
  const unknown = only.find((name) => !systemNames.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--only: ${unknown} is not one of ${systemNames.join(', ')}`);
  }
  const { generations, history } = values;
  return {
    concurrency: wholeNumbers('--concurrency', values.concurrency ?? concurrency),
    seconds: positiveNumber('--seconds', values.seconds),
    warmUpSeconds: positiveNumber('--warm-up', values['warm-up']),
    only,
    cores: wholeNumbers('--cores', values.cores),
    generations: generations === undefined ? undefined : wholeNumber('--generations', generations),
    history: history === undefined ? undefined : wholeNumber('--history', history),
    tokens: wholeNumber('--tokens', values.tokens ?? '2048'),
    directory: values.directory,
    profile: values.profile,
    json: values.json,
    record: values.record,
    help: values.help,
  };
}

/** @param {string[]} words */
function parse(words) {
  try {
    return parseArgs({
      args: words,
      options: {
        concurrency: { type: 'string' },
        seconds: { type: 'string', default: '5' },
        'warm-up': { type: 'string', default: '2' },
        only: { type: 'string' },
        cores: { type: 'string', default: '1' },
        generations: { type: 'string' },
        history: { type: 'string' },
        tokens: { type: 'string' },
        directory: { type: 'string' },
        profile: { type: 'string' },
        json: { type: 'boolean', default: false },
        record: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/**
 * @param {string} flag
 * @param {string} list
 */
function wholeNumbers(flag, list) {
  return list.split(',').map((text) => wholeNumber(flag, text));
}

/**
 * A flag's value as a number from 1 to below a thousand million. Throws a UsageError.
 * @param {string} flag
 * @param {string} text
 */
export function wholeNumber(flag, text) {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`${flag}: ${text} is not a whole number`);
  return Number(text);
}

/**
 * @param {string} flag
 * @param {string} text
 */
function positiveNumber(flag, text) {
  const number = Number(text);
  if (!(number > 0 && number <= 3600)) {
    throw new UsageError(`${flag}: ${text} is not a number of seconds`);
  }
  return number;
}
