import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readCrs } from '../../../src/ask/crs.ts'
import { countOf } from '../../../src/ask/groups/read-groups.ts'
import type { FeatureField } from '../../../src/encode/batch.ts'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { compileRows } from '../../../src/engines/duckdb/dialect/compile-rows.ts'
import type { FeatureFilter } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { type Asked, queryOf } from '../../support/filter.ts'
import { hostileText } from '../../support/hostile-text.ts'
import { Engine } from '../../support/plan/engine.ts'
import { refusal } from '../../support/plan/geometry.ts'
import { Random } from '../../support/random.ts'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-plan-'))
let engine: Engine
let layer: Layer
let parts: Layer

beforeAll(async () => {
  engine = await Engine.open(2)
  await engine.sql(`CREATE TABLE things AS SELECT range AS n, 'name ' || range AS name, ['x'] AS list, MAP {'k': 'x'} AS map, '{"a": 1}'::JSON AS doc, uuid() AS u, (range / 2)::DOUBLE AS half,
    ST_Point(range, range) AS geom FROM range(50)`)
  layer = await engine.table('things')
  const files = [0, 1, 2].map((part) => join(folder, `it's [${part}] *.parquet`))
  for (const [part, file] of files.entries()) {
    await engine.sql(
      `COPY (SELECT * FROM things WHERE n % 3 = ${part} AND ${part} <> 1) TO '${file.replaceAll("'", "''")}' (FORMAT parquet)`,
    )
  }
  const rows = [17, 0, 16]
  parts = { ...layer, relation: { kind: 'parquet', files, fileRows: rows } }
})

afterAll(() => {
  engine.close()
  rmSync(folder, { recursive: true })
})

const features = (...fields: FeatureField[]) => [{ kind: 'features', fields }] as const

describe('a plan reads only what is requested:', () => {
  it.each<[string, Asked, string[]]>([
    ['nothing', { outputs: features({ key: 't', field: '__typename', name: 'ThingsFeature' }) }, []],
    ['the geometry', { outputs: features({ key: 'g', field: 'geometry', as: 'WKT', precision: 7 }) }, ['geom']],
    ['the box', { outputs: features({ key: 'b', field: 'bbox' }) }, ['geom']],
    ['two properties, in the layer’s order', { properties: ['half', 'n'] }, ['n', 'half']],
    [
      'everything, for Arrow',
      { outputs: [{ kind: 'arrow' }], properties: null },
      [...'n name list map doc u half geom'.split(' ')],
    ],
  ])('%s', (_, more, names) => {
    const { layout, statement } = compileFeatures(queryOf(layer, more))
    const read = [...layout.properties, ...layout.geometries.map(({ column }) => column)]
    expect(read.map((index) => layout.columns[index]!.name)).toEqual(names)
    for (const name of ['n', 'name', 'list', 'map', 'doc', 'u', 'half', 'geom'])
      expect(statement.sql.includes(`"${name}"`), name).toBe(names.includes(name))
  })

  it('an unknown property is refused', () => {
    expect(refusal(() => compileFeatures(queryOf(layer, { properties: ['nope'] })))).toContain('has no property "nope"')
  })
})

describe('a plan is a value:', () => {
  const query = (more: Asked = {}) => queryOf(layer, { where: { bbox: [0, 0, 9, 9] }, properties: ['n'], ...more })

  it('it and everything in it is frozen', () => {
    const check = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return
      expect(Object.isFrozen(value)).toBe(true)
      for (const member of Object.values(value)) check(member)
    }
    check(compileFeatures(query({ outputs: [{ kind: 'geojson', precision: 7 }], orderBy: [{ property: 'n' }] })))
    check(compileRows(countOf(query())))
  })

  it('its digest is that of the query, for every position and limit', () => {
    const { digest } = compileFeatures(query())
    expect(compileFeatures(query({ after: { keys: ['7'] }, limit: 3 })).digest).toBe(digest)
    expect(compileFeatures(query({ where: { bbox: [0, 0, 9, 8] } })).digest).not.toBe(digest)
    expect(compileFeatures(query({ properties: ['name'] })).digest).not.toBe(digest)
    expect(compileFeatures(query({ orderBy: [{ property: 'n' }] })).digest).not.toBe(digest)
  })

  it('a position of another order is CURSOR_INVALID', () => {
    for (const keys of [[], ['1', '2'], [null], ['x'], ['-1'], ['1 OR true']]) {
      expect(refusal(() => compileFeatures(query({ after: { keys } })))).toMatch(/^CURSOR_INVALID/)
    }
  })

  it('the count includes all matches, for every limit and position', async () => {
    const plan = compileRows(countOf(query({ after: { keys: ['7'] }, limit: 3 })))
    expect(await engine.rows(plan)).toEqual([[10n, false]])
    expect(plan).toMatchObject({ sorted: false, keys: [] })
  })
})

describe('Feature.id', () => {
  const keyed = (column: string): Layer => ({ ...layer, key: { kind: 'COLUMN', column } })
  it.each<[string, () => Layer]>([
    ['the number of a row of a table', () => layer],
    ['the number of a row in all files, one of them empty', () => parts],
    ['an integer', () => keyed('n')],
    ['a text', () => keyed('name')],
    ['a UUID', () => keyed('u')],
    ['a number with a point', () => keyed('half')],
  ])('of %s is unique, and finds its feature alone', async (_, make) => {
    const it = make()
    const all = await engine.features(queryOf(it, { properties: ['name'] }))
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    for (const feature of [all[0]!, all[20]!, all.at(-1)!]) {
      expect(await engine.features(queryOf(it, { properties: ['name'], key: feature.id }))).toEqual([feature])
    }
    for (const id of ['', '-1', '007', '1e0', ' 1', '99999999999999999999', '50', "' OR true --", '1.50']) {
      expect(await engine.features(queryOf(it, { properties: ['name'], key: id })), id).toEqual([])
    }
  })

  it('of rows in files counts on from file to file', async () => {
    const ids = (await engine.features(queryOf(parts))).map(({ id }) => id)
    expect(ids).toEqual(Array.from({ length: 33 }, (_, n) => String(n)))
  })
})

describe('no text of a client becomes SQL:', () => {
  const random = new Random()
  const nasty = () => hostileText(random, 'mark')

  it('10,000 strings through every argument that takes one are bound, or refused', async () => {
    const refused = (act: () => unknown) => expect(refusal(act)).toMatch(/^(BAD_INPUT|CURSOR_INVALID)/)
    for (let n = 0; n < 600; n++) {
      const text = nasty()
      const compiled: FeatureFilter[] = [
        { property: { name: 'name', eq: text } },
        { property: { name: 'name', in: [text, 'x'] } },
        { property: { name: 'name', gte: text } },
        { property: { name: 'name', like: text.replaceAll('\\', '') } },
        { property: { name: 'name', ilike: `${text.replaceAll('\\', '')}%` } },
        { property: { name: 'name', startsWith: text, between: [text, text] } },
        { property: { name: 'list', has: text } },
        { property: { name: 'list', hasAny: [text], hasAll: [text, 'x'] } },
        { property: { name: 'map', path: [text], eq: text } },
        { property: { name: 'doc', path: ['a', text], eq: text } },
      ]
      for (const where of compiled) {
        const plan = compileFeatures(queryOf(layer, { where, key: text, properties: [] }))
        expect(plan.statement.sql).not.toContain('mark')
        if (n % 50 === 0) expect(await engine.rows(plan)).toEqual([])
      }
      refused(() => compileFeatures(queryOf(layer, { where: { property: { name: text, isNull: true } } })))
      refused(() => compileFeatures(queryOf(layer, { where: { property: { name: 'u', eq: text } } })))
      refused(() => compileFeatures(queryOf(layer, { where: { intersects: { wkt: text } } })))
      refused(() => compileFeatures(queryOf(layer, { where: { contains: { wkb: text } } })))
      refused(() => compileFeatures(queryOf(layer, { where: { equals: { bbox: [1, 2, 3, 4], crs: text } } })))
      refused(() => compileFeatures(queryOf(layer, { where: { dWithin: { geometry: { wkt: text }, distance: 1 } } })))
      refused(() => compileFeatures(queryOf(layer, { where: { property: { name: 'name', path: [text], eq: 1 } } })))
      refused(() => readCrs(text, 'crs'))
      refused(() => compileFeatures(queryOf(layer, { where: { within: { geojson: { type: text, coordinates: [text] } } } })))
      refused(() => compileFeatures(queryOf(layer, { orderBy: [{ property: text }] })))
      refused(() => compileFeatures(queryOf(layer, { properties: [text] })))
      refused(() => compileFeatures(queryOf(layer, { after: { keys: [text] } })))
      const sorted = compileFeatures(queryOf(layer, { orderBy: [{ property: 'name' }], after: { keys: [text, '1'] } }))
      expect(sorted.statement.sql).not.toContain('mark')
    }
    expect(await engine.sql('SELECT count(*)::INTEGER FROM things')).toEqual([[50]])
  })

  it('nor does a CRS that is of the right form, or a number', () => {
    const where = {
      intersects: { wkt: 'POINT(1.5 2)', crs: 'MARK:1' },
      dWithin: { geometry: { wkt: 'POINT(3.25 4)' }, distance: 77.5 },
    }
    const { sql, parameters } = compileFeatures({
      ...queryOf(layer, { where, outputs: [{ kind: 'arrow' }] }),
      representations: [{ crs: readCrs('MARK:2', 'crs'), simplify: 88.5 }],
    }).statement
    for (const said of ['MARK', '77.5', '88.5', '3.25', '1.5']) expect(sql).not.toContain(said)
    expect(parameters).toEqual(expect.arrayContaining(['MARK:1', 'MARK:2', 77.5, 88.5]))
  })

  it('directions that are none are not written', () => {
    const order = { property: 'n', direction: 'DESC; DROP TABLE things', nulls: 'FIRST --' } as unknown as { property: string }
    expect(compileFeatures(queryOf(layer, { orderBy: [order] })).statement.sql).not.toContain('DROP')
  })
})

it('names of the source may be anything', async () => {
  const names = [
    'eof',
    'a"b',
    "it's",
    'select',
    'c0',
    't',
    'v',
    'b',
    'w',
    'g',
    'v0',
    'id',
    'geometry',
    '$1',
    'Ünïcode',
    ' ',
    'x;--',
  ]
  const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`)
  await engine.sql(`CREATE TABLE "odd ""table" AS SELECT ${quoted.map((name, n) => `${n} AS ${name}`).join(', ')},
    [{'v0': 'x', 'k"': MAP {'a': 1}}] AS nested, ST_Point(1, 2) AS "the ""geom" FROM range(3)`)
  const odd = await engine.table('odd "table', { geometryColumn: 'the "geom' })
  const where = { and: [...names.map((name, n) => ({ property: { name, in: [n, 99] } })), { bbox: [0, 0, 3, 3] }] }
  const orderBy = names.slice(0, 8).map((property) => ({ property }))
  const [first, ...rest] = await engine.features(queryOf(odd, { where, orderBy, properties: null }))
  expect(rest).toHaveLength(2)
  expect(first!.properties).toEqual({
    ...Object.fromEntries(names.map((name, n) => [name, n])),
    nested: [{ v0: 'x', 'k"': { a: 1 } }],
  })
})
