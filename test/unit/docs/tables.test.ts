/** Tables of errors, limits and flags in the documentation agree with the source. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { machineDefaults } from '../../../src/config/defaults.ts'
import { settings } from '../../../src/config/settings.ts'
import { ROOT } from '../../support/environment.ts'
import { errorTable, limitTables } from './tables.ts'

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

it('docs/errors.md lists every code with its meaning, what to do, and whether a retry helps', () => {
  expect(read('docs/errors.md')).toContain(errorTable())
})

it('docs/limits.md lists every limit with its default and its flag', () => {
  for (const table of limitTables()) expect(read('docs/limits.md')).toContain(table)
})

/** Flags of a command or of another program. */
const OTHERS = new Set([
  '--analyze',
  '--help',
  '--version',
  '--print-config',
  '--port',
  '--expose-gc',
  '--omit',
  '--count',
  '--seed',
])

it('every flag that a message or a page of the documentation names is a flag of the program', () => {
  const machine = machineDefaults({ processors: 2, memoryBytes: 1e9, openFiles: 20_000 })
  const flags = new Set(Object.values(settings(machine)).map(({ flag }) => flag.split(' ')[0]!))
  const files = [
    ...globSync('src/{ask,delivery,engines,graphql,server}/**/*.ts', { cwd: ROOT }),
    'docs/errors.md',
    'docs/limits.md',
    'docs/subscriptions.md',
    'docs/operations.md',
    'src/model/errors.ts',
  ]
  const named = files.flatMap((file) =>
    [...read(file).matchAll(/(?<=[`(])--[a-z]+(?:-[a-z]+)*/g)].map(([flag]) => ({ file, flag })),
  )
  expect(named.filter(({ flag }) => !flags.has(flag) && !OTHERS.has(flag))).toEqual([])
})
