/** The end of a test run, with real runs of vitest on small test files. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { verdict } from '../../support/closing-line.ts'
import { ROOT } from '../../support/environment.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(ROOT, '.geoduck/closing-line-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function run(body: string): Promise<{ readonly code: number; readonly lines: string[] }> {
  await writeFile(join(folder, 'one.test.ts'), `import { expect, test } from 'vitest'\n${body}`)
  const reporter = join(ROOT, 'test/support/closing-line.ts')
  const config = `export default { test: { retry: 1, include: ['**/*.test.ts'], reporters: [${JSON.stringify(reporter)}] } }`
  await writeFile(join(folder, 'vitest.config.mjs'), config)
  const args = [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', folder]
  return await new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: folder }, (error, stdout) => {
      resolve({ code: Number(error?.code ?? 0), lines: stdout.trim().split('\n') })
    })
  })
}

test('a run with a passed and a failed test ends with both numbers and exit code 1', async () => {
  const { code, lines } = await run("test('a', () => {})\ntest('b', () => expect(1).toBe(2))")
  expect([code, lines.at(-1)]).toEqual([1, '1 passed, 1 failed'])
})

test('a run ends with each failed test and the first lines of its errors', async () => {
  const { lines } = await run(
    "let tries = 0\ntest('b', () => expect(++tries).toBe('x\\ny'))\ntest('c', () => { throw new Error('lost') })",
  )
  expect(lines.slice(-3)).toEqual([
    "FAILED: one.test.ts > b: expected 1 to be 'x\\ny' // Object.is equality | expected 2 to be 'x\\ny' // Object.is equality",
    'FAILED: one.test.ts > c: lost | lost',
    '0 passed, 2 failed',
  ])
})

test('a run of passed tests ends with exit code 0', async () => {
  const { code, lines } = await run("test('a', () => {})")
  expect([code, lines.at(-1)]).toEqual([0, '1 passed, 0 failed'])
})

test('a run fails when a test passes at the second try only, and names the test after its first error', async () => {
  const { code, lines } = await run("let tries = 0\ntest('a', () => {})\ntest('shaky', () => expect(++tries).toBe(2))")
  expect([code, lines.at(-1)]).toEqual([1, '1 passed, 1 failed'])
  expect(lines.at(-2)).toBe('FAILED: passed at the second try only, and is not in test/support/known-flaky.ts: shaky')
  expect(lines.slice(0, -2).join('\n')).toContain('AssertionError: expected 1 to be 2')
})

test('a listed test may pass at the second try only', () => {
  const known = [{ name: 'shaky', reason: 'a slow disk', since: '2026-11-01' }]
  expect(verdict('shaky', known).isAllowed).toBe(true)
  expect(verdict('other', known).isAllowed).toBe(false)
})
