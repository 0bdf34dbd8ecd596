import { configDefaults, defineConfig } from 'vitest/config'
import { filesToSkip } from './test/support/needs.ts'

export default defineConfig({
  // The very module that Node gives to the libraries: two copies would not know each other's errors.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    // Processes, not threads: the engine's threads belong to a process, a crash costs one file of tests, and tests may change directory.
    pool: 'forks',
    globalSetup: 'test/support/spark-set-up.ts',
    // A busy machine may take long until an expected state is reached.
    expect: { poll: { timeout: 60_000 } },
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 10_000,
    reporters: ['default', './test/support/closing-line.ts'],
    projects: [
      // First and alone, since some of its tests measure processor time.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], sequence: { groupOrder: 0 }, isolate: false } },
      {
        test: { name: 'engine', include: ['test/engine/**/*.test.ts'], ...withProcesses() },
      },
      {
        test: {
          name: 'system',
          include: ['test/system/**/*.test.ts'],
          ...withProcesses(),
        },
      },
    ],
  },
})

/** Options for tests that start their own servers and workers. */
function withProcesses() {
  return {
    // Three processes were faster, but their servers and workers overloaded two processors: tests that kill workers then failed.
    maxWorkers: 2,
    // Under CI a failed test runs again. If it passes then, the closing lines name it, and the run fails unless it is listed.
    retry: process.env['CI'] ? 1 : 0,
    sequence: { groupOrder: 1 },
    // The attacks compare times, so CI runs them alone before. A project ignores --exclude.
    exclude: [
      ...configDefaults.exclude,
      ...filesToSkip(),
      ...(process.env['GEODUCK_WITHOUT_ATTACKS'] ? ['test/system/attacks/**'] : []),
      // It takes 3 minutes, and a Spark of four processes, whose parts it ends.
      ...(process.env['GEODUCK_LONG'] ? [] : ['test/system/spark/kills.test.ts']),
    ],
  }
}
