/** Every program of README.md and of the pages about clients runs, and prints the output shown below it. */
import { globSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readPage } from '../../support/blocks.ts'
import { ROOT } from '../../support/environment.ts'
import { checked, quiet } from '../../support/graphql.ts'
import { runProgram } from '../../support/program.ts'
import { PYTHON_ENVIRONMENT } from '../../support/python.ts'
import { serve, type TestServer } from '../../support/server.ts'

const PAGES = ['README.md', 'docs/clients.md', ...globSync('docs/clients/*.md', { cwd: ROOT }).toSorted()]
const DEMO = ['countries', 'observations'].map((name) => join(ROOT, `.geoduck/demo/${name}.parquet`))
const OWN_CLIENT = join(ROOT, 'test/support/own-client.mjs')

/** A program and, right below it, its output. */
const SNIPPET = /^```(js|python|sh)\n((?:(?!^```).)*)^```\n\n```text\n(.*?)^```$/gms
const SNIPPETS = PAGES.flatMap((page) =>
  [...readPage(page).matchAll(SNIPPET)].map(([, language, program, output]) => ({
    page,
    language: language!,
    program: program!,
    output: output!,
  })),
)

const RUN: Readonly<Record<string, (file: string) => readonly [program: string, ...args: string[]]>> = {
  js: (file) => [process.execPath, '--import', OWN_CLIENT, file],
  python: (file) => ['python3', file],
  sh: (file) => ['sh', file],
}

let server: TestServer
let folder: string

beforeAll(async () => {
  server = await serve(DEMO, { pageCacheBytes: 64e6 })
  await checked(server)
  // Within the checkout, where programs find their packages.
  await mkdir(join(ROOT, '.geoduck/test'), { recursive: true })
  folder = await mkdtemp(join(ROOT, '.geoduck/test/docs-'))
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

test.each(PAGES)('%s shows the output of each program', (page) => {
  const programs = readPage(page).match(/^```(js|python)$/gm) ?? []
  expect(SNIPPETS.filter((snippet) => snippet.page === page && snippet.language !== 'sh')).toHaveLength(programs.length)
})

test.each(SNIPPETS)('$page ($language)', async ({ language, program, output }) => {
  const file = join(folder, `program.${language === 'js' ? 'mjs' : language}`)
  await writeFile(file, program.replaceAll('127.0.0.1:4000', new URL(server.url).host))
  const [command, ...args] = RUN[language]!(file)
  const { code, stdout, stderr } = await runProgram(command, args, { environment: PYTHON_ENVIRONMENT })
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toBe(output)
  await quiet(server)
})
