/** The differences between a file and the one that replaces it, against a comparison of all rows. */
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from 'graphql-ws'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { ask, checked } from '../../support/graphql.ts'
import { python } from '../../support/python.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'

vi.setConfig({ testTimeout: 110_000, hookTimeout: 110_000 })

const random = new Random()
const TEMPORARY = { watch: true, memoryLimitBytes: 2 ** 29 }

interface Row {
  readonly x: number
  readonly y: number
  readonly n: number
  readonly name: string | null
}
type Rows = ReadonlyMap<string, Row>

let folder: string
let server: TestServer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-test-'))
  for (const name of ['files', 'files/parts', 'temporary']) await mkdir(join(folder, name))
  await put(new Map((Object.keys(FILES) as FileName[]).map((name) => [name, someRows(60)])))
  server = await started()
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

const FILES = {
  parquet: { file: 'parquet.parquet' },
  package: { file: 'package.gpkg' },
  csv: { file: 'csv.csv', key: 'code' },
  long: { file: 'long.parquet' },
  parts: { file: 'parts/one.parquet' },
} as const
type FileName = keyof typeof FILES
/** The rows that each file has. */
const current = new Map<FileName, Rows>()

async function started(): Promise<TestServer> {
  const layers = Object.entries(FILES).map(([name, { file, ...key }]) => {
    const path = name === 'parts' ? 'parts/*.parquet' : file
    return { name, path: join(folder, 'files', path), ...key }
  })
  const made = await serve([], { ...TEMPORARY, layers, tempDirectory: join(folder, 'temporary') })
  await checked(made)
  return made
}

function someRows(count: number): Rows {
  return new Map(random.list(count, () => [String(1 + random.integer(1_000)), someRow()]))
}

function someRow(): Row {
  const name = random.chance(0.2) ? null : random.pick(['a', 'b', 'ü'])
  return { x: random.integer(20), y: random.integer(20), n: random.integer(10), name }
}

/** Another version: some rows are new, gone, moved, have another value, or are the same in another place. */
function changed(rows: Rows): Rows {
  const kept = [...rows].filter(() => random.chance(0.8)).toSorted(() => random.next() - 0.5)
  const next = kept.map(([key, row]): [string, Row] => {
    if (random.chance(0.5)) return [key, row]
    return [key, random.chance(0.5) ? { ...row, n: random.integer(10) } : someRow()]
  })
  return new Map([...next, ...someRows(8)])
}

/** Writes files with GeoPandas, and puts each in the place of the one before. */
const WRITE = `
import geopandas, json, os, pandas, shapely, sys
shape, rename, *targets = sys.argv[1:]
for target, rows in zip(targets, json.load(sys.stdin)):
    kind, new = target.split(".")[-1], target + ".new"
    columns = {"n": [row[3] for row in rows], "name": [row[4] for row in rows]}
    keys = [int(row[0]) for row in rows]
    shapes = [shapely.Point(row[1], row[2]) if shape == "point" else shapely.box(row[1], row[2], row[1] + 1, row[2] + 1) for row in rows]
    if kind == "csv":
        pandas.DataFrame({"code": keys, "lon": [row[1] for row in rows], "lat": [row[2] for row in rows], **columns}).to_csv(new, index=False)
    elif kind == "gpkg":
        frame = geopandas.GeoDataFrame({"fid": keys, **columns}, geometry=shapes, crs="EPSG:4326")
        frame.to_file(new, driver="GPKG", layer="package")
    else:
        geopandas.GeoDataFrame({"id": keys, **columns}, geometry=shapes, crs="EPSG:4326").to_parquet(new, write_covering_bbox=True)
    if rename == "yes": os.rename(new, target)
print("null")
`

async function put(files: ReadonlyMap<FileName, Rows>, { shape = 'point', isRenamed = true } = {}): Promise<void> {
  for (const [name, rows] of files) current.set(name, rows)
  await write(new Map([...files].map(([name, rows]) => [FILES[name].file, rows])), shape, isRenamed)
}

async function write(files: ReadonlyMap<string, Rows>, shape = 'point', isRenamed = true): Promise<void> {
  const lines = [...files.values()].map((rows) => [...rows].map(([key, { x, y, n, name }]) => [key, x, y, n, name]))
  const targets = [...files.keys()].map((file) => join(folder, 'files', file))
  await python(WRITE, [shape, isRenamed ? 'yes' : 'no', ...targets], JSON.stringify(lines))
}

/** Waits until the server has noticed it. */
async function putNoticed(name: FileName, rows: Rows): Promise<void> {
  const query = `{ layer(name: "${name}") { fingerprint } }`
  const fingerprint = async () => (await ask<{ layer: { fingerprint: string } }>(server, query)).data!.layer.fingerprint
  const before = await fingerprint()
  await put(new Map([[name, rows]]))
  await expect.poll(fingerprint, { timeout: 60_000 }).not.toBe(before)
}

interface Feature {
  readonly id: string
  readonly key: string
  readonly properties: { readonly n: number | string; readonly name: string | null }
  readonly geometry: { readonly coordinates: unknown }
}
interface Event {
  readonly __typename: string
  readonly token: string
  readonly complete?: boolean
  readonly features?: readonly Feature[]
  readonly added?: { readonly features: readonly Feature[] }
  readonly updated?: { readonly features: readonly Feature[] }
  readonly changed?: readonly { readonly key: string; readonly geometry: boolean; readonly properties: readonly string[] }[]
  readonly removed?: readonly string[]
  readonly geojsonDiff?: { readonly add: readonly { readonly id: unknown }[]; readonly remove: readonly unknown[] }
}

const FEATURES = '{ id key properties(only: ["n", "name"]) geometry }'
const QUERY = `subscription ($layer: String!, $since: Cursor, $where: FeatureFilter) {
  changes(layer: $layer, since: $since, where: $where, batchSize: 2000, maxPerSecond: 20) {
    __typename
    ... on Reset { token }
    ... on SnapshotBatch { token features ${FEATURES} }
    ... on UpToDate { token }
    ... on Heartbeat { token }
    ... on ChangeBatch {
      token complete added { features ${FEATURES} } updated { features ${FEATURES} } changed { key geometry properties } removed geojsonDiff
    }
  }
}`

/** A client, with what it has received. */
class Client {
  readonly #client: ReturnType<typeof createClient>
  readonly #layer: FileName
  readonly features = new Map<string, string>()
  readonly events: Event[] = []
  error: unknown = null

  /** @param had the features that it has already */
  constructor(
    at: TestServer,
    variables: { readonly layer: FileName; readonly since?: string; readonly where?: object | undefined },
    { untilPart = Number.POSITIVE_INFINITY, had = new Map<string, string>() } = {},
  ) {
    this.#layer = variables.layer
    for (const [key, text] of had) this.features.set(key, text)
    this.#client = createClient({ url: at.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 })
    void this.#read(variables, untilPart).catch((error: unknown) => {
      this.error = error
    })
  }

  async #read(variables: object, untilPart: number): Promise<void> {
    const events = this.#client.iterate<{ changes: Event }>({ query: QUERY, variables: { ...variables } })
    for await (const { data, errors } of events) {
      if (errors) throw errors
      const event = data!.changes
      if (event.__typename === 'Heartbeat') continue
      this.#take(event)
      if (this.count('ChangeBatch') >= untilPart) return
    }
  }

  #take(event: Event): void {
    this.events.push(event)
    if (event.__typename === 'Reset') this.features.clear()
    for (const one of event.removed ?? []) this.features.delete(one)
    const changes = [...(event.added?.features ?? []), ...(event.updated?.features ?? [])]
    expect(changes.map(({ id }) => id)).toEqual(changes.map(({ key }) => `${this.#layer}:${key}`))
    for (const one of [...(event.features ?? []), ...changes]) this.features.set(one.key, textOf(one))
  }

  count(type: string): number {
    return this.events.filter(({ __typename }) => __typename === type).length
  }

  get token(): string {
    return this.events.at(-1)!.token
  }

  /** Waits until it has what the file has. */
  async inStep(name: FileName, matches: (row: Row) => boolean = () => true): Promise<void> {
    const replica = () => this.error ?? [...this.features.values()].toSorted()
    const rows = [...current.get(name)!].filter(([, row]) => matches(row))
    await expect.poll(replica, { timeout: 60_000 }).toEqual(rows.map(expectedText).toSorted())
    await expect.poll(() => this.isAtRest, { timeout: 60_000 }).toBe(true)
  }

  get isAtRest(): boolean {
    const { __typename, complete } = this.events.at(-1) ?? {}
    return __typename === 'UpToDate' || complete === true
  }

  async close(): Promise<void> {
    await this.#client.dispose()
  }
}

/** With the least coordinates, which are those of the row for a point and a square. */
function textOf({ key, properties: { n, name }, geometry }: Feature): string {
  const numbers = [geometry.coordinates].flat(4) as number[]
  const [x, y] = [0, 1].map((axis) => Math.min(...numbers.filter((_, place) => place % 2 === axis)))
  return JSON.stringify([key, String(n), name, x, y])
}

const expectedText = ([key, { x, y, n, name }]: readonly [string, Row]) => JSON.stringify([key, String(n), name, x, y])

const FILTERS: readonly { readonly where?: object; readonly matches: (row: Row) => boolean }[] = [
  { matches: () => true },
  { where: { property: { name: 'n', gte: 5 } }, matches: ({ n }) => n >= 5 },
  {
    where: { intersects: { bbox: [2.5, 2.5, 12.5, 12.5] } },
    matches: ({ x, y }) => x > 2 && x < 13 && y > 2 && y < 13,
  },
  { where: { property: { name: 'name', isNull: true } }, matches: ({ name }) => name === null },
]

/** The difference by a comparison of all rows. Positions of a CSV are properties too. */
function differenceOf(before: Rows, after: Rows, matches: (row: Row) => boolean, isCsv: boolean) {
  const positions = [
    ['lon', 'x'],
    ['lat', 'y'],
  ] as const
  const properties = [...(isCsv ? positions : []), ['n', 'n'], ['name', 'name']] as const
  const [old, now] = [before, after].map((rows) => new Map([...rows].filter(([, row]) => matches(row))))
  const both = [...now!].flatMap(([key, row]) => (old!.has(key) ? [{ key, row, was: old!.get(key)! }] : []))
  const changes = both.map(({ key, row, was }) => ({
    key,
    geometry: row.x !== was.x || row.y !== was.y,
    properties: properties.flatMap(([name, of]) => (row[of] === was[of] ? [] : [name])),
  }))
  return {
    added: [...now!.keys()].filter((key) => !old!.has(key)).toSorted(),
    changed: changes.filter(({ geometry, properties }) => geometry || properties.length > 0).toSorted(byKey),
    removed: [...old!.keys()].filter((key) => !now!.has(key)).toSorted(),
  }
}

const byKey = (a: { readonly key: string }, b: { readonly key: string }) => (a.key < b.key ? -1 : 1)

const FORMATS = ['parquet', 'package', 'csv'] as const

test('each filter gets exactly what a comparison of all rows gives, when files are replaced', async () => {
  const clients = FORMATS.flatMap((name) =>
    FILTERS.map((filter) => ({ name, ...filter, client: new Client(server, { layer: name, where: filter.where }) })),
  )
  const inStep = async () => {
    for (const { name, matches, client } of clients) await client.inStep(name, matches)
  }
  await inStep()
  for (let round = 0; round < 2; round++) {
    const before = new Map(current)
    const known = clients.map(({ client }) => client.events.length)
    await put(new Map(FORMATS.map((name) => [name, changed(before.get(name)!)])))
    await inStep()
    for (const [n, { name, matches, client }] of clients.entries()) {
      const events = client.events.slice(known[n])
      expect(events.every(({ __typename }) => __typename === 'ChangeBatch')).toBe(true)
      const keys = (part: 'added' | 'updated') =>
        events.flatMap((event) => event[part]!.features.map(({ key }) => key)).toSorted()
      const expected = differenceOf(before.get(name)!, current.get(name)!, matches, name === 'csv')
      const removed = events.flatMap((event) => event.removed!).toSorted()
      const changes = events.flatMap((event) => event.changed!).toSorted(byKey)
      expect({ added: keys('added'), changed: changes, removed }).toEqual(expected)
      expect(keys('updated')).toEqual(expected.changed.map(({ key }) => key))
      const diffs = events.map((event) => event.geojsonDiff!)
      const added = diffs.flatMap(({ add }) => add.map(({ id }) => String(id))).toSorted()
      expect(added).toEqual([...keys('added'), ...keys('updated')].toSorted())
      expect(diffs.flatMap(({ remove }) => remove.map(String)).toSorted()).toEqual(removed)
    }
  }
  for (const { client } of clients) await client.close()
})

test('a difference in parts continues exactly after any of them, also when the file is replaced again meanwhile', async () => {
  const first = new Client(server, { layer: 'long' }, { untilPart: 1 })
  await first.inStep('long')
  const old = first.features.size
  const many = Array.from({ length: 12_000 }, (_, n): [string, Row] => [String(10_000 + n), { x: 1, y: 2, n: 3, name: 'a' }])
  await put(new Map([['long', new Map(many)]]))
  await expect.poll(() => first.count('ChangeBatch'), { timeout: 60_000 }).toBe(1)
  await first.close()
  await putNoticed('long', new Map(many.slice(0, 50)))
  const second = new Client(server, { layer: 'long', since: first.token }, { had: first.features })
  await second.inStep('long')
  const parts = [...first.events, ...second.events].filter(({ __typename }) => __typename === 'ChangeBatch')
  expect([parts[0]!.complete, parts.filter(({ complete }) => complete).length, parts.at(-1)!.complete]).toEqual([false, 2, true])
  // Each arrives once: those of both differences together.
  expect(parts.flatMap(({ added }) => added!.features)).toHaveLength(12_000)
  expect(parts.flatMap(({ removed }) => removed!)).toHaveLength(old + 11_950)
  expect([first.count('Reset'), second.count('Reset')]).toEqual([1, 0])
  await second.close()
})

test('a client that lost its connection gets a difference, and after a restart of the server Reset', async () => {
  const first = new Client(server, { layer: 'parquet' })
  await first.inStep('parquet')
  const { token } = first
  await first.close()
  await putNoticed('parquet', changed(current.get('parquet')!))
  const again = new Client(server, { layer: 'parquet', since: token }, { had: first.features })
  await again.inStep('parquet')
  expect(again.count('Reset')).toBe(0)
  await again.close()
  const restarted = await started()
  const old = new Client(restarted, { layer: 'parquet', since: token }, { had: first.features })
  await old.inStep('parquet')
  expect([old.events[0]!.__typename, old.count('ChangeBatch')]).toEqual(['Reset', 0])
  await old.close()
  const kept = async () => (await readdir(join(folder, 'temporary'))).filter((name) => name.startsWith('geoduck-kept-'))
  expect(await kept()).toHaveLength(2)
  await restarted.close()
  expect(await kept()).toHaveLength(1)
})

test('files that are one layer have differences too, when one is replaced and another one is added', async () => {
  const client = new Client(server, { layer: 'parts' })
  await client.inStep('parts')
  const one = changed(current.get('parts')!)
  const two: Rows = new Map(random.list(20, () => [String(2_000 + random.integer(1_000)), someRow()]))
  current.set('parts', new Map([...one, ...two]))
  await write(
    new Map([
      ['parts/one.parquet', one],
      ['parts/two.parquet', two],
    ]),
  )
  await client.inStep('parts')
  expect([client.count('Reset'), client.count('ChangeBatch') > 0]).toEqual([1, true])
  await client.close()
})

test('another type of geometry is a difference; without a key, or of a file that is written in place, there is none', async () => {
  const client = new Client(server, { layer: 'parquet' })
  await client.inStep('parquet')
  const types = () => client.events.map(({ __typename }) => __typename)
  await put(new Map([['parquet', changed(current.get('parquet')!)]]), { shape: 'square' })
  await client.inStep('parquet')
  expect(types().slice(types().indexOf('UpToDate') + 1)).toEqual(['ChangeBatch'])
  await put(new Map([['parquet', changed(current.get('parquet')!)]]), { isRenamed: false })
  await copyFile(join(folder, 'files/parquet.parquet.new'), join(folder, 'files/parquet.parquet'))
  await client.inStep('parquet')
  expect(client.count('ChangeBatch')).toBe(1)
  const resets = client.count('Reset')
  const row = { x: 1, y: 1, n: 1, name: 'a' }
  // Two features have the number 7.
  await put(
    new Map([
      [
        'parquet',
        new Map([
          ['7', row],
          ['07', row],
        ]),
      ],
    ]),
  )
  await expect
    .poll(() => [client.count('Reset') > resets, [...client.features.keys()]], { timeout: 60_000 })
    .toEqual([true, ['0', '1']])
  expect(client.count('ChangeBatch')).toBe(1)
  await client.close()
})
