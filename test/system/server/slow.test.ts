/** The log of a program whose operations are slow, and of one whose are not. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { type Launched, launch } from '../../support/launched.ts'
import { PLACES } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

interface Line {
  readonly level: string
  readonly time: string
  readonly msg: string
  readonly operation?: Readonly<Record<string, unknown>>
}

let programs: readonly (Launched & { readonly url: string })[]

beforeAll(async () => {
  programs = await Promise.all(
    ['0', '3600'].map(async (seconds) => {
      const args = [
        'src/main.ts',
        PLACES,
        '--port',
        '0',
        '--slow',
        seconds,
        '--trust-proxy',
        '1',
        '--log-pretty',
        'false',
        '--page-cache-bytes',
        '0B',
      ]
      const program = launch(process.execPath, [...args, '--spatial-extension', SPATIAL_EXTENSION], { cwd: ROOT })
      const [, url] = await program.line(/^ready (.*)$/)
      return { ...program, url: url! }
    }),
  )
})
afterAll(async () => {
  for (const { pid } of programs ?? []) process.kill(pid, 'SIGTERM')
  await Promise.all((programs ?? []).map(({ ended }) => ended))
})

async function logged(n: number, query: string, forwarded: Record<string, string> = {}): Promise<Line> {
  const program = programs[n]!
  const accept = query.startsWith('{') ? '*/*' : 'text/event-stream'
  const headers = { 'content-type': 'application/json', accept, ...forwarded }
  const response = await fetch(`${program.url}/graphql`, { method: 'POST', headers, body: JSON.stringify({ query }) })
  await response.text()
  const id = response.headers.get('x-request-id')
  const find = () =>
    program
      .stderr()
      .split('\n')
      .find((line) => line.includes(`"id":"${id}"`))
  await expect.poll(find).toBeDefined()
  return JSON.parse(find()!) as Line
}

const WHERE = 'where: { property: { name: "name", eq: "Reykjavik the secret" } }'

it('an operation whose client waited longer than --slow is a warning with its plan, without its values', async () => {
  for (const query of [
    `{ features(layer: "places", ${WHERE}) { count features { id } } }`,
    `subscription { featureBatches(layer: "places", ${WHERE}) { count features { id } } }`,
  ]) {
    const line = await logged(0, query)
    expect(line).toMatchObject({
      level: 'warn',
      msg: expect.stringMatching(/slow: waited \d+ ms/),
      operation: {
        plans: [{ sql: expect.stringContaining('FROM "places" AS t WHERE (t."name" = '), values: 1, pruning: 'NONE' }],
      },
    })
    expect(JSON.stringify(line)).not.toMatch(/secret|\.parquet/)
  }
})

it('a refused query has no plan in the log, and the server continues', async () => {
  const line = await logged(0, '{ features(layer: "places", where: { property: { name: "nme", eq: 1 } }) { count } }')
  expect(line).toMatchObject({ level: 'warn', operation: { outcome: 'BAD_INPUT', plans: [] } })
  expect(await logged(0, '{ layers { name } }')).toMatchObject({ operation: { outcome: 'complete' } })
})

it('a line has the name of its level, and its time in ISO 8601', async () => {
  const before = Date.now()
  const { level, time } = await logged(1, '{ layers { name } }')
  expect([level, new Date(time).toISOString()]).toEqual(['info', time])
  expect(Date.parse(time)).toBeGreaterThanOrEqual(before)
})

it('another one is logged without a plan', async () => {
  const line = await logged(1, '{ features(layer: "places") { count } }')
  expect(line.level).toBe('info')
  expect(line.operation).not.toHaveProperty('plans')
  expect(line.msg).not.toContain('slow')
})

it('`totalCount` alone reads no page, and beside the name of its type neither', async () => {
  for (const [select, batches] of [
    ['totalCount', 0],
    ['all: totalCount __typename', 0],
    ['totalCount count', 1],
    ['count', 1],
  ]) {
    const { operation } = await logged(1, `{ features(layer: "places", first: 7) { ${select} } }`)
    expect(operation, String(select)).toMatchObject({ batches, rows: Number(batches) * 7, outcome: 'complete' })
  }
})

it('the address from a trusted proxy is that of the client', async () => {
  const line = await logged(1, '{ layers { name } }', { 'x-forwarded-for': '198.51.100.1, 203.0.113.7' })
  expect(line.operation).toMatchObject({ client: expect.stringMatching(/^203\.0\.113\.7:\d+$/) })
  expect((await logged(1, '{ layers { name } }')).operation).toMatchObject({
    client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  })
})
