import { writeSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import type { Reporter, SerializedError, TestModule } from 'vitest/node'
import { KNOWN_FLAKY, type KnownFlaky } from './known-flaky.ts'
import { missingPrograms } from './needs.ts'

const STDOUT = 1

/**
 * Ends a run with `N passed, N failed` as the last line. A run without a test fails. A test that passed only at the second try fails the run,
 * unless `known-flaky.ts` lists it, and its first error is printed. The lines before name each failed test with its errors in short, so that the end
 * of a long output is enough to see what failed.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const count = (state: string) => tests.filter((test) => test.result().state === state).length
    // A file that fails before its tests run, or an error outside of a test, has no failed test to count.
    const broken = modules.filter((module) => module.errors().length > 0)
    const untested = broken.length + unhandled.length
    const failures = [
      ...broken.map((module) => failureLine(module.relativeModuleId, module.errors())),
      ...tests
        .filter((test) => test.result().state === 'failed')
        .map((test) => failureLine(`${test.module.relativeModuleId} > ${test.fullName}`, test.result().errors ?? [])),
    ]
    const flaky = tests
      .filter((test) => test.diagnostic()?.flaky)
      .map((test) => ({ ...verdict(test.fullName, KNOWN_FLAKY), errors: test.result().errors ?? [] }))
    const refused = flaky.filter(({ isAllowed }) => !isAllowed).length
    const passed = count('passed') - refused
    const failed = count('failed') + untested + refused
    const skipped = count('skipped')
    const isUnit = modules.every(({ project }) => project.name === 'unit')
    process.once('exit', () => {
      for (const line of failures) writeSync(STDOUT, `${line}\n`)
      // vitest does not print the error of a first try, and it may not come again for weeks.
      for (const { line, errors } of flaky) {
        for (const { message, stack } of errors) writeSync(STDOUT, `${stack ?? message}\n`)
        writeSync(STDOUT, `${line}\n`)
      }
      for (const sentence of isUnit ? [] : missingPrograms) writeSync(STDOUT, `${sentence}\n`)
      writeSync(STDOUT, `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`)
      if (failed > 0 || passed === 0) process.exitCode = 1
    })
  }
}

/** A test with the first line of each of its errors, one for each try. */
function failureLine(name: string, errors: readonly { readonly message: string }[]): string {
  const messages = errors.map(({ message }) => stripVTControlCharacters(message).split('\n', 1)[0]!.slice(0, 200))
  return `FAILED: ${name}: ${messages.join(' | ')}`
}

/** Decides whether a test may pass at the second try only. */
export function verdict(name: string, known: readonly KnownFlaky[]): { isAllowed: boolean; line: string } {
  const entry = known.find((one) => one.name === name)
  return entry
    ? { isAllowed: true, line: `passed at the second try only, as listed (${entry.reason}, ${entry.since}): ${name}` }
    : { isAllowed: false, line: `FAILED: passed at the second try only, and is not in test/support/known-flaky.ts: ${name}` }
}
