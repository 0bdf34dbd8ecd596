/** Groups and their figures, compared with a computation in JavaScript over the same rows. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cellAt, cellId, type Grid, toMercator } from '../../../src/geometry/cells.ts'
import { inEngine } from '../../support/engine.ts'
import { type Answer, ask, type PageInfo, post } from '../../support/graphql.ts'
import { Random } from '../../support/random.ts'
import { serve, type TestServer } from '../../support/server.ts'

interface Row {
  readonly id: number
  readonly class: string | null
  readonly n: number | null
  readonly x: number | null
  readonly big: bigint | null
  readonly cents: number | null
  readonly at: number | null
  readonly place: readonly [number, number] | null
}

const random = new Random()
const folder = mkdtempSync(join(tmpdir(), 'geoduck-groups-'))
const LONG = ['y', 'z'].map((letter) => `${letter.repeat(3_000)}\u0001`)
const CLASSES = [null, '', 'a', 'A', 'ä', 'NaN', "it's", ...LONG]
const maybe = <T>(value: T): T | null => (random.chance(0.15) ? null : value)
/** A second of the year 2026, often near a change of the clocks in Berlin. */
const moment = () => {
  const change = Date.UTC(2026, ...random.pick([[2, 29, 1] as const, [9, 25, 1] as const])) / 1_000
  return random.chance(0.5) ? change + random.integer(14_400) - 7_200 : Date.UTC(2026, 0) / 1_000 + random.integer(365 * 86_400)
}
const ROWS: readonly Row[] = Array.from({ length: 600 }, (_, id) => ({
  id,
  class: random.pick(CLASSES),
  n: maybe(random.integer(21) - 10),
  x: maybe(random.pick([random.next() * 1e6, -random.next(), 0.1, 1e-9, 123_456_789.123])),
  big: maybe(9_007_199_254_740_993n * BigInt(random.integer(1_000))),
  cents: maybe(random.integer(100_000)),
  at: maybe(moment()),
  place: maybe([random.next() * 360 - 180, random.pick([random.next() * 180 - 90, 89.9, -90])] as const),
}))

let server: TestServer
beforeAll(async () => {
  const literal = (value: unknown) =>
    value === null ? 'NULL' : typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value)
  const tuples = ROWS.map(
    ({ id, class: name, n, x, big, cents, at, place }) =>
      `(${id}, ${literal(name)}, ${literal(n)}, ${x === null ? 'NULL' : `'${x}'`}::DOUBLE, ${literal(big)}, ${cents === null ? 'NULL' : `${cents} / 100`}, ${at === null ? 'NULL' : `make_timestamptz(${at}000000)`}, ${place ? `ST_Point(${place.map((ordinate) => `'${ordinate}'::DOUBLE`).join(', ')})` : 'NULL'})`,
  )
  await inEngine(join(folder, 'store.duckdb'), async (connection) => {
    await connection.run('SET geometry_always_xy = true')
    await connection.run(`CREATE TABLE source AS SELECT * FROM (VALUES ${tuples.join(', ')})
      AS t(id, class, n, x, big, amount, "at", geom)`)
    await connection.run(`CREATE TABLE store AS SELECT id::INTEGER AS id, class::VARCHAR COLLATE NOCASE AS class, n::SMALLINT AS n, x::DOUBLE AS x,
      big::BIGINT AS big, amount::DECIMAL(9, 2) AS amount, "at", timezone('UTC', "at") AS local, CAST(timezone('UTC', "at") AS DATE) AS day,
      {'inner': n, 'list': [n]} AS part, CAST(to_json({'n': n, 'class': class}) AS JSON) AS doc,
      CASE WHEN id % 50 = 7 THEN 'nan'::DOUBLE WHEN id % 50 = 8 THEN 'inf'::DOUBLE ELSE x END AS odd, geom FROM source ORDER BY id`)
    await connection.run('DROP TABLE source')
  })
  const layers = [{ name: 'store', path: join(folder, 'store.duckdb'), crs: 'OGC:CRS84' }]
  server = await serve([], { layers })
})
afterAll(async () => {
  await server?.close()
  rmSync(folder, { recursive: true })
})

interface Group {
  readonly keys: Record<string, unknown>
  readonly count: string
  readonly time: string | null
  readonly cell: { readonly id: string } | null
  readonly [member: string]: unknown
}

interface Page {
  readonly count: number
  readonly rows: readonly Group[]
  readonly pageInfo: PageInfo
  readonly totalCount: string
}

async function aggregate(args: string, rows: string, variables = {}): Promise<Page> {
  const { data, errors } = await ask<{ aggregate: Page }>(
    server,
    `query ($after: Cursor) { aggregate(layer: "store", after: $after, first: 1000, ${args}) { count rows { ${rows} } pageInfo { hasNextPage endCursor } totalCount } }`,
    variables,
  )
  expect(errors).toBeUndefined()
  return data!.aggregate
}

async function refusal(args: string, rows = 'count'): Promise<string> {
  const { errors } = await ask(server, `{ aggregate(layer: "store", ${args}) { rows { ${rows} } } }`)
  return `${String(errors?.[0]?.extensions['code'])} ${errors?.[0]?.message}`
}

function groupsBy(keyOf: (row: Row) => string | null): Map<string | null, Row[]> {
  const groups = new Map<string | null, Row[]>()
  for (const row of ROWS) groups.set(keyOf(row), [...(groups.get(keyOf(row)) ?? []), row])
  return groups
}

const present = <T>(values: readonly (T | null)[]): T[] => values.filter((value) => value !== null)
const byBytes = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** The sum of doubles, exact, by the fractions of integers that they are. */
function exactSum(values: readonly number[]): number {
  const scaled = values.reduce((sum, value) => sum + BigInt(value * 2 ** 60 > 2 ** 900 ? 0 : Math.round(value * 2 ** 60)), 0n)
  return Number(scaled) / 2 ** 60
}

describe('figures of groups by a text with nulls', () => {
  const figures = `keys count
    n: column(name: "n") { count distinct sum min max avg stddev quantiles(at: [0, 0.25, 0.5, 1]) }
    x: column(name: "x") { count sum avg min max quantiles(at: [0.1]) }
    big: column(name: "big") { sum max } amount: column(name: "amount") { sum min avg }`

  it('equal those of JavaScript, and the order is that of the keys with null last', async () => {
    const { rows, totalCount } = await aggregate('groupBy: [{ column: "class" }]', figures)
    const groups = groupsBy((row) => row.class)
    const names = [...groups.keys()].filter((name) => name !== null).sort(byBytes)
    expect(rows.map(({ keys }) => keys['class'])).toEqual(groups.has(null) ? [...names, null] : names)
    expect(totalCount).toBe(String(groups.size))
    for (const row of rows) {
      const group = groups.get(row.keys['class'] as string | null)!
      const n = present(group.map((one) => one.n)).sort((a, b) => a - b)
      const x = present(group.map((one) => one.x)).sort((a, b) => a - b)
      const mean = n.reduce((sum, value) => sum + value, 0) / n.length
      const near = (of: number) => expect.closeTo(of, 9)
      const quantile = (sorted: readonly number[], share: number) => {
        const place = share * (sorted.length - 1)
        const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.ceil(place)]!]
        return near(low + (high - low) * (place - Math.floor(place)))
      }
      expect(row.count).toBe(String(group.length))
      expect(row['n']).toEqual({
        count: String(n.length),
        distinct: String(new Set(n).size),
        sum: String(n.reduce((sum, value) => sum + value, 0)),
        min: n[0],
        max: n.at(-1),
        avg: near(mean),
        stddev: near(Math.sqrt(n.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n.length - 1))),
        quantiles: [0, 0.25, 0.5, 1].map((share) => quantile(n, share)),
      })
      const { sum, avg, quantiles, ...others } = row['x'] as { sum: number; avg: number; quantiles: number[] }
      const bound = 1e-12 * exactSum(x.map(Math.abs))
      expect(Math.abs(sum - exactSum(x))).toBeLessThanOrEqual(bound)
      expect(Math.abs(avg * x.length - exactSum(x))).toBeLessThanOrEqual(bound)
      expect(quantiles[0]! / quantile(x, 0.1).sample).toBeCloseTo(1, 9)
      expect(others).toEqual({ count: String(x.length), min: x[0], max: x.at(-1) })
      const big = present(group.map((one) => one.big))
      const total = big.reduce((sum, value) => sum + value, 0n)
      expect(row['big']).toEqual({ sum: String(total), max: String(big.toSorted((a, b) => Number(a - b)).at(-1)) })
      const cents = present(group.map((one) => one.cents))
      const whole = cents.reduce((sum, value) => sum + value, 0)
      expect(row['amount']).toEqual({
        sum: `${Math.trunc(whole / 100)}.${String(whole % 100).padStart(2, '0')}`,
        min: Math.min(...cents) / 100,
        avg: near(whole / 100 / cents.length),
      })
    }
  })

  it('of no feature are one group without keys, and no group with keys', async () => {
    const none = 'where: { property: { name: "id", lt: 0 } }'
    const { rows, totalCount } = await aggregate(
      none,
      'keys count column(name: "n") { count sum min avg stddev distinct quantiles(at: [0.5]) first(orderBy: []) values { value } histogram { count } } geometry { extent centroid convexHull union }',
    )
    const nothing = { sum: null, min: null, avg: null, stddev: null, quantiles: null, first: null, values: [], histogram: [] }
    const geometry = { extent: null, centroid: null, convexHull: null, union: null }
    expect(rows).toEqual([{ keys: {}, count: '0', column: { count: '0', distinct: '0', ...nothing }, geometry }])
    expect(totalCount).toBe('1')
    expect(await aggregate(`${none}, groupBy: [{ column: "class" }]`, 'count')).toMatchObject({
      count: 0,
      rows: [],
      totalCount: '0',
    })
  })

  it('of NaN and infinities are null where they are not numbers, and the deviation does not fail', async () => {
    const { rows } = await aggregate('', 'column(name: "odd") { count sum avg min max stddev histogram(bins: 1) { count } }')
    const finite = ROWS.filter(({ id, x }) => id % 50 !== 7 && id % 50 !== 8 && x !== null)
    const odd = ROWS.filter(({ id }) => id % 50 === 7 || id % 50 === 8).length
    expect(rows[0]!['column']).toEqual({
      count: String(finite.length + odd),
      sum: null,
      avg: null,
      min: Math.min(...finite.map(({ x }) => x!)),
      max: null,
      stddev: null,
      histogram: [{ count: String(finite.length) }],
    })
  })

  it('of a member of a struct and of JSON are those of the column that they came from', async () => {
    const { rows } = await aggregate(
      'groupBy: [{ column: "doc", path: ["class"] }, { column: "part", path: ["inner"] }]',
      'keys count doc: column(name: "doc", path: ["n"]) { count sum min distinct }',
    )
    const groups = groupsBy((row) => JSON.stringify([row.class, row.n]))
    expect(rows).toHaveLength(groups.size)
    for (const { keys, count, doc } of rows) {
      const [name, n] = [keys['doc.class'], keys['part.inner'] as number | null]
      const size = groups.get(JSON.stringify([name, n]))!.length
      expect(count).toBe(String(size))
      const figures =
        n === null
          ? { count: '0', sum: null, min: null, distinct: '0' }
          : { count: String(size), sum: n * size, min: n, distinct: '1' }
      expect(doc).toEqual(figures)
    }
  })
})

describe('lists of values', () => {
  it('the values with the highest counts come first, and equal counts in the order of the values', async () => {
    const { rows } = await aggregate('', 'column(name: "n") { top: values(first: 5) { v: value count __typename } }')
    const counts = [...groupsBy(({ n }) => (n === null ? null : String(n)))].filter(([n]) => n !== null)
    const expected = counts
      .map(([n, group]) => ({ v: Number(n), count: String(group.length), __typename: 'ValueCount' }))
      .sort((a, b) => Number(b.count) - Number(a.count) || a.v - b.v)
      .slice(0, 5)
    expect(rows[0]!['column']).toEqual({ top: expected })
  })

  it.each(['EQUAL_WIDTH', 'QUANTILE'])('the bins of a histogram with edges %s hold every value once', async (kind) => {
    const { rows } = await aggregate(
      'groupBy: [{ column: "class" }]',
      `keys column(name: "n") { histogram(bins: 7, kind: ${kind}) { from to count } }`,
    )
    const groups = groupsBy((row) => row.class)
    for (const { keys, column } of rows) {
      const { histogram } = column as { histogram: { from: number; to: number; count: string }[] }
      const n = present(groups.get(keys['class'] as string | null)!.map((one) => one.n))
      expect(histogram[0]!.from).toBe(Math.min(...n))
      expect(histogram.at(-1)!.to).toBe(Math.max(...n))
      if (kind === 'EQUAL_WIDTH') expect(histogram).toHaveLength(7)
      for (const [place, { from, to, count }] of histogram.entries()) {
        const isLast = place === histogram.length - 1
        const inside = n.filter((value) => value >= from && (isLast ? value <= to : value < to))
        expect(count).toBe(String(inside.length))
        if (!isLast) expect(histogram[place + 1]!.from).toBe(to)
      }
    }
  })

  it('first and last are values of the first and last feature by an order with ties and nulls', async () => {
    const { rows } = await aggregate(
      'groupBy: [{ column: "class" }]',
      `keys column(name: "id") { last(orderBy: [{ property: "n", direction: DESC }]) first(orderBy: [{ property: "n", nulls: FIRST }, { property: "x", direction: DESC }])
        natural: first(orderBy: []) } n: column(name: "n") { first(orderBy: [{ property: "n", nulls: FIRST }]) }`,
    )
    const groups = groupsBy((row) => row.class)
    const compare = (a: number | null, b: number | null, nullsFirst: boolean) =>
      a === b ? 0 : a === null ? (nullsFirst ? -1 : 1) : b === null ? (nullsFirst ? 1 : -1) : a - b
    for (const { keys, column, n } of rows) {
      const group = groups.get(keys['class'] as string | null)!
      const descending = (a: number | null, b: number | null) => (a === null || b === null ? compare(a, b, false) : b - a)
      const first = group.toSorted((a, b) => compare(a.n, b.n, true) || descending(a.x, b.x) || a.id - b.id)[0]!
      const last = group.toSorted((a, b) => descending(a.n, b.n) || a.id - b.id).at(-1)!
      expect(column).toEqual({ first: first.id, last: last.id, natural: group[0]!.id })
      expect(n).toEqual({ first: first.n })
    }
  })
})

describe('buckets of time', () => {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: 'Europe/Berlin',
    dateStyle: 'short',
    timeStyle: 'medium',
    hourCycle: 'h23',
  })
  const localDay = (seconds: number) => parts.format(new Date(seconds * 1_000)).slice(0, 10)
  const offset = (seconds: number) => {
    const name = new Intl.DateTimeFormat('en', { timeZone: 'Europe/Berlin', timeZoneName: 'longOffset' }).format(seconds * 1_000)
    return Number(/GMT\+0(\d)/.exec(name)![1]) * 3_600
  }
  const utc = (seconds: number) => new Date(seconds * 1_000).toISOString().replace('.000', '')

  it.each(['P1D', 'P1M'])('%s in Berlin begin at its midnight, also on the days of 23 and 25 hours', async (every) => {
    const { rows } = await aggregate(`time: [{ column: "at", every: "${every}", timeZone: "Europe/Berlin" }]`, 'time count')
    const start = (day: string) => (every === 'P1D' ? day : `${day.slice(0, 7)}-01`)
    const groups = groupsBy(({ at }) => (at === null ? null : start(localDay(at))))
    expect(rows).toHaveLength(groups.size)
    for (const { time, count } of rows) {
      const day = time === null ? null : localDay(Date.parse(time) / 1_000)
      expect(count).toBe(String(groups.get(day)!.length))
      if (time !== null) expect(parts.format(new Date(time))).toMatch(/00:00:00$/)
    }
    expect(rows.map(({ time }) => time)).toEqual(
      rows.map(({ time }) => time).toSorted((a, b) => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1)),
    )
  })

  it.each([
    ['PT1H', 3_600],
    ['PT15M', 900],
  ])('%s keep the two hours apart that a clock shows twice', async (every, seconds) => {
    const { rows } = await aggregate(`time: [{ column: "at", every: "${every}", timeZone: "Europe/Berlin" }]`, 'time count')
    const groups = groupsBy(({ at }) => (at === null ? null : utc(at - ((at + offset(at)) % seconds))))
    expect(rows.map(({ time, count }) => [time, count])).toEqual(
      [...groups]
        .sort(([a], [b]) => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1))
        .map(([time, group]) => [time, String(group.length)]),
    )
  })

  it('of a timestamp without a zone are local times, and of a date are dates', async () => {
    const { rows } = await aggregate(
      'time: [{ column: "local", every: "P1W" }, { column: "day", every: "P3M" }]',
      'week: time quarter: time(index: 1) none: time(index: 2) count',
    )
    const monday = (seconds: number) =>
      utc(seconds - (seconds % 86_400) - ((Math.floor(seconds / 86_400) + 3) % 7) * 86_400).slice(0, -1)
    const quarter = (seconds: number) =>
      `2026-${['01', '04', '07', '10'][Math.floor(new Date(seconds * 1_000).getUTCMonth() / 3)]}-01`
    const groups = groupsBy(({ at }) => (at === null ? null : `${monday(at)} ${quarter(at)}`))
    expect(rows).toHaveLength(groups.size)
    for (const { week, quarter: of, none, count } of rows) {
      expect(count).toBe(String(groups.get(week === null ? null : `${week} ${of}`)!.length))
      expect(none).toBeNull()
    }
  })

  it('every time zone of JavaScript is one of the engine', async () => {
    const zones = Intl.supportedValuesOf('timeZone')
    for (let from = 0; from < zones.length; from += 10) {
      const fields = zones
        .slice(from, from + 5)
        .map(
          (zone, n) =>
            `a${n}: aggregate(layer: "store", time: [{ column: "at", every: "P1D", timeZone: "${zone}" }], first: 1) { count }`,
        )
      const { errors } = await ask(server, `{ ${fields.join(' ')} }`)
      expect(errors).toBeUndefined()
    }
  })
})

describe('cells', () => {
  it.each<[string, Grid, boolean]>([
    ['kind: SQUARE, size: 7.5', { kind: 'square', size: 7.5 }, false],
    ['kind: HEXAGON, size: 750000', { kind: 'hexagon', size: 750_000 }, true],
    ['kind: TILE, zoom: 3', { kind: 'tile', zoom: 3 }, true],
  ])('of %s are those of JavaScript, and their counts sum up to all features', async (args, grid, isMercator) => {
    const { rows } = await aggregate(`cell: { ${args} }`, 'count cell { id polygon centre }')
    const groups = groupsBy(({ place }) => {
      if (place === null) return null
      const [x, y] = isMercator ? toMercator(place[0], place[1]) : place
      return cellId(grid, cellAt(grid, x, y)!)
    })
    expect(new Map(rows.map(({ cell, count }) => [cell?.id ?? null, count]))).toEqual(
      new Map([...groups].map(([id, group]) => [id, String(group.length)])),
    )
    expect(rows.reduce((sum, { count }) => sum + Number(count), 0)).toBe(ROWS.length)
  })
})

describe('figures of geometry', () => {
  it('of points are their box, their mean, and what contains all of them', async () => {
    const { rows } = await aggregate(
      'groupBy: [{ column: "class" }]',
      'keys geometry { extent centroid(precision: 15) convexHull union(as: WKT) }',
    )
    const groups = groupsBy((row) => row.class)
    for (const { keys, geometry } of rows) {
      const places = present(groups.get(keys['class'] as string | null)!.map(({ place }) => place))
      const [x, y] = [places.map((place) => place[0]), places.map((place) => place[1])]
      const { extent, centroid, union } = geometry as { extent: number[]; centroid: { coordinates: number[] }; union: string }
      expect(extent).toEqual([Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)])
      expect(centroid.coordinates[0]).toBeCloseTo(exactSum(x) / x.length, 9)
      expect(centroid.coordinates[1]).toBeCloseTo(exactSum(y) / y.length, 9)
      expect(union.split(',').length).toBe(
        new Set(places.map((place) => place.map((ordinate) => ordinate.toFixed(7)).join())).size,
      )
    }
  })
})

describe('pages', () => {
  it.each([
    'groupBy: [{ column: "class" }]',
    'groupBy: [{ column: "class" }, { column: "n" }], orderBy: [{ by: SUM, column: "x", direction: DESC, nulls: FIRST }, { by: KEY, column: "n", direction: DESC }]',
    'groupBy: [{ column: "n" }], orderBy: [{ by: MAX, column: "class" }]',
    'groupBy: [{ column: "odd" }], orderBy: [{ by: KEY, column: "odd", direction: DESC }]',
    'cell: { kind: SQUARE, size: 30 }, time: [{ column: "at", every: "P3M" }], orderBy: [{ by: STDDEV, column: "x" }, { by: TIME }]',
  ])('of %s follow each other, each group once', async (args) => {
    const rows = 'keys count time cell { id }'
    const whole = await aggregate(args, rows)
    expect(whole.pageInfo.hasNextPage).toBe(false)
    const found: Group[] = []
    for (let after: string | null = null; ; ) {
      const { data, errors }: Answer<{ aggregate: Page }> = await ask(
        server,
        `query ($after: Cursor) { aggregate(layer: "store", ${args}, first: 17, after: $after) { rows { ${rows} } pageInfo { hasNextPage endCursor } } }`,
        { after },
      )
      expect(errors).toBeUndefined()
      found.push(...data!.aggregate.rows)
      after = data!.aggregate.pageInfo.endCursor
      if (!data!.aggregate.pageInfo.hasNextPage) break
    }
    expect(found).toEqual(whole.rows)
    expect(String(found.length)).toBe(whole.totalCount)
  })

  it('hold the groups that meet `having`, and `totalCount` counts these', async () => {
    const { rows, totalCount } = await aggregate(
      'groupBy: [{ column: "n" }], having: [{ of: COUNT, gt: 20 }, { of: KEY, column: "n", gte: 0 }, { of: MAX, column: "x", isNull: false }]',
      'keys count',
    )
    const groups = [...groupsBy(({ n }) => (n === null ? null : String(n)))].filter(
      ([n, group]) => n !== null && Number(n) >= 0 && group.length > 20 && group.some(({ x }) => x !== null),
    )
    expect(rows.map(({ keys }) => keys['n'])).toEqual(groups.map(([n]) => Number(n)).sort((a, b) => a - b))
    expect(totalCount).toBe(String(groups.length))
  })

  it('a cursor of other keys, conditions or order is CURSOR_INVALID, and other figures accept it', async () => {
    const first = 'groupBy: [{ column: "n" }], first: 3'
    const { data } = await ask<{ aggregate: Page }>(server, `{ aggregate(layer: "store", ${first}) { pageInfo { endCursor } } }`)
    const after = `after: "${data!.aggregate.pageInfo.endCursor}"`
    for (const other of [
      'groupBy: [{ column: "id" }]',
      'groupBy: [{ column: "n" }], orderBy: [{ by: COUNT }]',
      'groupBy: [{ column: "n" }], having: [{ of: COUNT, gt: 1 }]',
    ]) {
      expect(await refusal(`${other}, ${after}`)).toMatch(/^CURSOR_INVALID/)
    }
    expect(await refusal(`${first}, ${after}`, 'column(name: "x") { sum }')).toBe('undefined undefined')
  })
})

describe('a stream of groups', () => {
  const ARGS = 'groupBy: [{ column: "class" }, { column: "n" }], orderBy: [{ by: AVG, column: "x", nulls: FIRST }]'

  async function batches(more: string): Promise<readonly { sequence: number; count: number; rows: Group[]; cursor: string }[]> {
    const query = `subscription { aggregateBatches(layer: "store", ${ARGS}, ${more}) { sequence count rows { keys count } cursor } }`
    const response = await post(server, { query }, { accept: 'text/event-stream' })
    const events = (await response.text()).split('\n\n').filter((event) => event.startsWith('event: next'))
    return events.map((event) => JSON.parse(event.slice(event.indexOf('data: ') + 6)).data.aggregateBatches)
  }

  it('has the groups of the page, and resumes after each of its cursors', async () => {
    const { rows } = await aggregate(ARGS, 'keys count')
    const whole = await batches('batchSize: 16')
    expect(whole.map(({ sequence }) => sequence)).toEqual(whole.keys().toArray())
    expect(whole.flatMap((batch) => batch.rows)).toEqual(rows)
    let before = 0
    for (const { count, cursor } of whole) {
      before += count
      const rest = await batches(`batchSize: 100, after: "${cursor}", limit: 40`)
      expect(rest.flatMap((batch) => batch.rows)).toEqual(rows.slice(before, before + 40))
    }
  })
})

it.each([
  ['first: 20000', 'count', /^BAD_INPUT `first` is from 1 to 10,000; .* subscribe to `aggregateBatches`/],
  ['groupBy: [{ column: "part" }]', 'count', /^BAD_INPUT `groupBy`: property "part" is STRUCT.* no order/],
  ['groupBy: [{ column: "n" }, { column: "n" }]', 'count', /^BAD_INPUT `groupBy` has two keys of the name "n"/],
  ['', 'column(name: "class") { sum }', /^BAD_INPUT `sum` is for numbers, and property "class" is VARCHAR/],
  ['', 'column(name: "part") { max }', /^BAD_INPUT `max` compares values, and property "part" is STRUCT/],
  ['', 'column(name: "n") { quantiles(at: [1.5]) }', /^BAD_INPUT `at` takes shares from 0 to 1/],
  ['', 'column(name: "n") { histogram(bins: 0) { count } }', /^BAD_INPUT `bins` is from 1 to 100; it was 0/],
  ['', 'column(name: "day") { histogram { count } }', /^BAD_INPUT `histogram` is for numbers/],
  [
    'time: [{ column: "n", every: "P1D" }]',
    'count',
    /^BAD_INPUT `time` takes dates and timestamps, and property "n" is SMALLINT/,
  ],
  ['time: [{ column: "at", every: "1 day" }]', 'count', /^BAD_INPUT `every` takes an ISO 8601 duration/],
  ['time: [{ column: "at", every: "P1MT1H" }]', 'count', /^BAD_INPUT `every` takes an ISO 8601 duration/],
  ['time: [{ column: "day", every: "PT1H" }]', 'count', /^BAD_INPUT `every` of the date "day" takes whole days/],
  ['time: [{ column: "at", every: "P1D", timeZone: "Mars/Base" }]', 'count', /^BAD_INPUT `timeZone` takes an IANA name/],
  [
    'time: [{ column: "local", every: "P1D", timeZone: "Asia/Tokyo" }]',
    'count',
    /^BAD_INPUT `timeZone`: property "local" is TIMESTAMP/,
  ],
  ['cell: { kind: TILE, size: 3 }', 'count', /^BAD_INPUT `cell`: TILE takes `zoom` from 0 to 30/],
  ['cell: { kind: HEXAGON, size: 0 }', 'count', /^BAD_INPUT `cell`: HEXAGON takes `size` from 0.001/],
  ['orderBy: [{ by: SUM }]', 'count', /^BAD_INPUT `orderBy`: SUM needs `column`/],
  ['orderBy: [{ by: KEY, column: "n" }]', 'count', /^BAD_INPUT `orderBy`: "n" is no key/],
  ['having: [{ of: TIME, isNull: true }]', 'count', /^BAD_INPUT `having`: TIME needs a bucket of `time`/],
  ['having: [{ of: COUNT, gt: "many" }]', 'count', /^BAD_INPUT `gt` of property COUNT .* takes a whole number/],
])('%s with %s is refused with what to do', async (args, rows, message) => {
  expect(await refusal(args || 'first: 1', rows)).toMatch(message)
})
