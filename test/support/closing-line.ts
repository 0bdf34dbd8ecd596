import { writeSync } from 'node:fs'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'
import { KNOWN_FLAKY, type KnownFlaky } from './known-flaky.ts'
import { missingPrograms } from './needs.ts'

const STDOUT = 1
const DAYS = 30
const DAY_MS = 86_400_000

/**
 * Ends a run with `N passed, N failed` as the last line. A run without a test fails. A test that passed only at the second try fails the run,
 * unless `known-flaky.ts` lists it.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    // A file that fails before its tests run, or an error outside of a test, has no failed test of its own.
    const untested = modules.filter((module) => module.errors().length > 0).length + unhandled.length
    const names = tests.filter((test) => test.diagnostic()?.flaky).map(({ fullName }) => fullName)
    const old = KNOWN_FLAKY.filter((entry) => isOld(entry)).map(({ name }) => name)
    const flaky = [...new Set([...names, ...old])].map((name) => verdict(name, KNOWN_FLAKY))
    const refused = flaky.filter(({ isAllowed }) => !isAllowed).length
    const passed = count('passed') - refused
    const failed = count('failed') + untested + refused
    const skipped = count('skipped')
    const isUnit = modules.every(({ project }) => project.name === 'unit')
    process.once('exit', () => {
      for (const { line } of flaky) writeSync(STDOUT, `${line}\n`)
      for (const sentence of isUnit ? [] : missingPrograms) writeSync(STDOUT, `${sentence}\n`)
      writeSync(STDOUT, `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
      if (failed > 0 || passed === 0) process.exitCode = 1
    })
  }
}

/** Decides whether a test may pass at the second try only. */
export function verdict(name: string, known: readonly KnownFlaky[], now = Date.now()): { isAllowed: boolean; line: string } {
  const entry = known.find((one) => one.name === name)
  if (!entry)
    return { isAllowed: false, line: `FAILED: passed at the second try only, and is not in test/support/known-flaky.ts: ${name}` }
  const isAllowed = !isOld(entry, now)
  const how = isAllowed
    ? 'passed at the second try only, as listed'
    : `FAILED: its entry in test/support/known-flaky.ts is older than ${DAYS} days`
  return { isAllowed, line: `${how} (${entry.reason}, ${entry.since}): ${name}` }
}

function isOld({ since }: KnownFlaky, now = Date.now()): boolean {
  return now - Date.parse(since) > DAYS * DAY_MS
}
