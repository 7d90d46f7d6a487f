/**
 * Jest runs in ESM mode (`npm test` starts it with --experimental-vm-modules): Nest 12 is ESM only.
 * A test imports describe, it, expect and jest from '@jest/globals'; relative imports end in `.js`.
 *
 * @type {import('jest').Config}
 */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testMatch: ['<rootDir>/test/**/*.{unit,int,e2e}.spec.ts'],
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
  // The default of 5 s is about a test's own work; a busy machine is not its fault.
  testTimeout: 30_000,
  collectCoverageFrom: ['src/**/*.ts'],
  coverageDirectory: 'coverage',
  // Instruments what swc emits: counted by hand, its branch figures are right; v8 counts functions as branches.
  coverageProvider: 'babel',
  coverageReporters: ['text-summary', 'lcov'],
};
