import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { runProgram } from '../../support/program.ts'

const long = process.env['GEODUCK_LONG'] === '1'
const RUNS = [
  ['ten seconds of everything at once, ten times the capacity and killed workers among it', ['--minutes', '0.17']],
  ...(long ? ([['five minutes of ten times the capacity', ['--minutes', '5', '--overload']]] as const) : []),
] as const

test.each(RUNS)('%s, end with nothing wrong', { timeout: 480_000 }, async (_, flags) => {
  const seed = String(Math.floor(Math.random() * 2 ** 32))
  const soak = join(ROOT, 'scripts/soak/main.ts')
  const { code, stdout, stderr } = await runProgram(process.execPath, [soak, ...flags, '--seed', seed], { cwd: ROOT })
  expect(code, `${stdout}\n${stderr}`).toBe(0)
})
