import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The very module that Node gives to the libraries: two copies would not know each other's errors.
  resolve: { alias: [{ find: /^graphql$/, replacement: 'graphql/index.js' }] },
  test: {
    include: ['test/**/*.test.ts'],
    // Set-up has said so aloud; under CI it has failed.
    exclude: existsSync('/usr/bin/chromium') ? [] : ['test/map/**'],
    // Processes, not threads: the engine's threads belong to a process, and a crash must cost one file of tests.
    pool: 'forks',
    // Tests start servers and workers of their own, which want the processors too.
    maxWorkers: 2,
    // What is waited for comes when it comes: a busy machine may take its time.
    expect: { poll: { timeout: 20_000 } },
    // Real processes are killed under real load: under CI a test that fails is tried once more, and named at the end if it holds then.
    retry: process.env['CI'] ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    reporters: ['default', './test/support/closing-line.ts'],
  },
})
