import { parseArgs } from 'node:util';

/** The command line was wrong. The message is one line that names the flag. */
export class UsageError extends Error {}

export const HELP = `Durable refresh-token rotations a second over HTTP, token-ledger beside oidc-provider.

Usage: npm run bench:rotate -- [flags]

  --concurrency LIST   numbers of simultaneous clients (1,16,64,256)
  --seconds N          measured seconds at each level (5)
  --warm-up N          seconds before each measurement that do not count (2)
  --only LIST          systems to run: token-ledger, token-ledger-path, oidc-memory, oidc-sqlite (all)
  --cores LIST         numbers of cores that the server may use (1)
  --generations N      also: token-ledger's rate at generation N of a family beside generation 1
  --directory DIR      where the temporary databases go (the system's temporary directory)
  --profile DIR        keep a CPU profile of each server in DIR and print its costs (slows it)
  --json               print the result as JSON instead of a table
  --record             write bench/RESULTS.md
  --help

Examples:
  npm run bench:rotate -- --record --generations 10000
  npm run bench:rotate -- --only token-ledger --concurrency 64 --seconds 10
`;

/**
 * What a run was asked to do.
 * @typedef {object} Options
 * @property {number[]} concurrency
 * @property {number} seconds
 * @property {number} warmUpSeconds
 * @property {string[]} only names of systems
 * @property {number[]} cores
 * @property {number | undefined} generations
 * @property {string | undefined} directory
 * @property {string | undefined} profile
 * @property {boolean} json
 * @property {boolean} record
 * @property {boolean} help
 */

/**
 * Reads the command line. Throws a UsageError.
 * @param {string[]} words
 * @param {readonly string[]} systemNames
 * @returns {Options}
 */
export function readOptions(words, systemNames) {
  const values = parse(words);
  const only = values.only === undefined ? [...systemNames] : values.only.split(',');
  const unknown = only.find((name) => !systemNames.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`--only: ${unknown} is not one of ${systemNames.join(', ')}`);
  }
  const generations = values.generations;
  return {
    concurrency: wholeNumbers('--concurrency', values.concurrency),
    seconds: positiveNumber('--seconds', values.seconds),
    warmUpSeconds: positiveNumber('--warm-up', values['warm-up']),
    only,
    cores: wholeNumbers('--cores', values.cores),
    generations: generations === undefined ? undefined : wholeNumber('--generations', generations),
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
        concurrency: { type: 'string', default: '1,16,64,256' },
        seconds: { type: 'string', default: '5' },
        'warm-up': { type: 'string', default: '2' },
        only: { type: 'string' },
        cores: { type: 'string', default: '1' },
        generations: { type: 'string' },
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
 * @param {string} flag
 * @param {string} text
 */
function wholeNumber(flag, text) {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new UsageError(`${flag}: ${text} is not a whole number`);
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
