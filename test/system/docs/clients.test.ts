/** Every program in docs/clients.md, and the one of README.md, runs and prints what stands below it. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { quiet } from '../../support/graphql.ts'
import { runProgram } from '../../support/program.ts'
import { PYTHON_ENVIRONMENT } from '../../support/python.ts'
import { serve, type TestServer } from '../../support/server.ts'

const PAGE = await readFile(join(ROOT, 'docs/clients.md'), 'utf8')
const DEMO = ['countries', 'observations'].map((name) => join(ROOT, `.geoduck/demo/${name}.parquet`))
const OWN_CLIENT = join(ROOT, 'test/support/own-client.mjs')

/** A program, its output right below it, under the heading that is nearest. */
const SNIPPET = /^```(js|python|sh)\n((?:(?!^```).)*)^```\n\n```text\n(.*?)^```$/gms
const HEADING = /^## (.+)$/gm
const snippets = (page: string) =>
  [...page.matchAll(SNIPPET)].map(({ 1: language, 2: program, 3: output, index }) => ({
    heading: [...page.slice(0, index).matchAll(HEADING)].at(-1)![1]!,
    language: language!,
    program: program!,
    output: output!,
  }))
const SNIPPETS = snippets(PAGE)
const OF_README = snippets(await readFile(join(ROOT, 'README.md'), 'utf8'))

const RUN: Readonly<Record<string, (file: string) => readonly [program: string, ...args: string[]]>> = {
  js: (file) => [process.execPath, '--import', OWN_CLIENT, file],
  python: (file) => ['python3', file],
  sh: (file) => ['sh', file],
}

let server: TestServer
let folder: string

beforeAll(async () => {
  server = await serve(DEMO)
  // Within the checkout, where programs find their packages.
  await mkdir(join(ROOT, '.geoduck/test'), { recursive: true })
  folder = await mkdtemp(join(ROOT, '.geoduck/test/docs-'))
})
afterAll(async () => {
  await server?.close()
  await rm(folder, { recursive: true })
})

test('no program stands there without its output', () => {
  expect(SNIPPETS).toHaveLength(PAGE.match(/^```(js|python|sh)$/gm)!.length)
  expect(new Set(SNIPPETS.map(({ heading }) => heading)).size).toBe(6)
  expect(OF_README.map(({ heading, language }) => [heading, language])).toEqual([['A client', 'js']])
})

test.each([...SNIPPETS, ...OF_README])('$heading ($language)', { timeout: 120_000 }, async ({ language, program, output }) => {
  const file = join(folder, `program.${language === 'js' ? 'mjs' : language}`)
  await writeFile(file, program.replaceAll('127.0.0.1:4000', new URL(server.url).host))
  const [command, ...args] = RUN[language]!(file)
  const { code, stdout, stderr } = await runProgram(command, args, { environment: PYTHON_ENVIRONMENT })
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toBe(output)
  await quiet(server)
})
