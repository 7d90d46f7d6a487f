/** @type {import('jest').Config} */
const project = {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        swcrc: false,
        sourceMaps: 'inline',
        jsc: {
          target: 'es2023',
          keepClassNames: true,
          experimental: { keepImportAttributes: true },
          parser: { syntax: 'typescript', decorators: true },
          transform: {
            legacyDecorator: true,
            decoratorMetadata: true,
            useDefineForClassFields: true,
            verbatimModuleSyntax: true,
          },
        },
      },
    ],
  },
};

/** What runs on PostgreSQL too: the protocol, who writes, several nodes, the keys and the recovery. */
const onPostgres = [
  'test/{nodes,oauth}/*.e2e.spec.ts',
  'test/interaction/sign-*.e2e.spec.ts',
  'test/directory/*.{int,e2e}.spec.ts',
  'test/admin/revocations.e2e.spec.ts',
  'test/operations/{operations,seals}.e2e.spec.ts',
  'test/cli/{keys,recover}.e2e.spec.ts',
  'test/grants/retired-signing-keys.int.spec.ts',
  'test/access/access-token-status.int.spec.ts',
];
/** `npm run test:postgres` runs the rest as well, which takes as long again as all of the others. */
if (process.env['EVERYTHING_ON_POSTGRES'] === '1') {
  onPostgres.push(
    'test/{admin,audit,replay}/*.e2e.spec.ts',
    'test/operations/{clock-behind,log-redaction,shutdown}.e2e.spec.ts',
    'test/cli/{bundle,clock-behind,families,revocations,sealing,verbs,views}.e2e.spec.ts',
  );
}

/**
 * Jest runs in ESM mode (`npm test` starts it with --experimental-vm-modules): Nest 12 is ESM only.
 * A test imports describe, it, expect and jest from '@jest/globals'; relative imports end in `.js`.
 *
 * All tests run on SQLite, but for those that start a PostgreSQL themselves. Those that go through a
 * server run a second time with its ledger and vault in PostgreSQL: one for all of them, started here.
 *
 * @type {import('jest').Config}
 */
export default {
  projects: [
    {
      ...project,
      displayName: 'sqlite',
      testMatch: ['<rootDir>/test/**/*.{unit,int,e2e}.spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/nodes/'],
    },
    {
      ...project,
      displayName: 'postgres',
      globals: { isOnPostgres: true },
      globalSetup: '<rootDir>/test/support/postgres-server.ts',
      testMatch: onPostgres.map((files) => `<rootDir>/${files}`),
    },
  ],
  // Most tests wait for a process, a disk or a clock: a core for each is too much.
  maxWorkers: '100%',
  // The default of 5 s is about a test's own work; a busy machine is not its fault.
  testTimeout: 30_000,
  collectCoverageFrom: ['src/**/*.ts'],
  coverageDirectory: 'coverage',
  // Instruments what swc emits: counted by hand, its branch figures are right; v8 counts functions as branches.
  coverageProvider: 'babel',
  coverageReporters: ['text-summary', 'lcov'],
};
