import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../support/environment.ts'
import { runProgram } from '../support/program.ts'

test('twenty seconds of everything at once, ten times the capacity and killed workers among it, end with nothing wrong', {
  timeout: 180_000,
}, async () => {
  const seed = String(Math.floor(Math.random() * 2 ** 32))
  const { code, stdout, stderr } = await runProgram(
    process.execPath,
    [join(ROOT, 'scripts/soak/main.ts'), '--minutes', '0.35', '--seed', seed],
    { cwd: ROOT },
  )
  expect(code, `${stdout}\n${stderr}`).toBe(0)
})
