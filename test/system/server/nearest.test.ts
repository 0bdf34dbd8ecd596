/** `nearest` and `orderBy: [{ distance }]`, from the document to the bytes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-nearest-'))
let server: TestServer

/** Twelve points along the equator, one degree apart, then a feature without a geometry, an empty one, and a copy of the first point. */
beforeAll(async () => {
  const duckdb = await DuckDBInstance.create(':memory:')
  const connection = await duckdb.connect()
  await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
  // The format before 1.5 keeps no CRS.
  await connection.run(`ATTACH '${join(folder, 'store.duckdb')}' AS store (STORAGE_VERSION 'v1.5.0')`)
  await connection.run('USE store')
  await connection.run("CREATE TABLE voids AS SELECT range AS id, NULL::GEOMETRY('OGC:CRS84') AS geom FROM range(3)")
  await connection.run("CREATE TABLE stops (id BIGINT PRIMARY KEY, even BOOLEAN, geom GEOMETRY('OGC:CRS84'))")
  await connection.run(`INSERT INTO stops SELECT i, i % 2 = 0, ST_SetCRS(geom, 'OGC:CRS84') FROM (
    SELECT range AS i, ST_Point(range, 0) AS geom FROM range(12)
    UNION ALL VALUES (12, NULL), (13, ST_GeomFromText('POINT EMPTY')), (14, ST_Point(0, 0))) ORDER BY i`)
  connection.closeSync()
  duckdb.closeSync()
  server = await serve([join(folder, 'store.duckdb')], { layers: [] })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

interface Found {
  readonly count: number
  readonly totalCount: string
  readonly pageInfo: { readonly endCursor: string | null; readonly hasNextPage: boolean }
  readonly edges: readonly { readonly distance: number | null; readonly node: { readonly key: string } }[]
}

const FIELDS = '{ count totalCount pageInfo { endCursor hasNextPage } edges { distance node { key } } }'

/** `field` holds the arguments beside the layer. */
async function found(field: string): Promise<Found> {
  const { layers } = (await ask<{ layers: { name: string }[] }>(server, '{ layers { name } }')).data!
  const { data, errors } = await ask<{ page: Found }>(
    server,
    `{ page: ${field.replace('LAYER', `layer: "${layers[0]!.name}"`)} ${FIELDS} }`,
  )
  expect(errors).toBeUndefined()
  return data!.page
}

async function refused(field: string): Promise<string> {
  const { layers } = (await ask<{ layers: { name: string }[] }>(server, '{ layers { name } }')).data!
  const { errors } = await ask(server, `{ page: ${field.replace('LAYER', `layer: "${layers[0]!.name}"`)} { count } }`)
  return `${errors?.[0]?.extensions['code']}: ${errors?.[0]?.message}`
}

const keys = ({ edges }: Found) => edges.map(({ node }) => Number(node.key))

describe('nearest', () => {
  it('has the nearest features, ties in natural order, and none without a geometry', async () => {
    const page = await found('nearest(LAYER, to: { wkt: "POINT(0 0)" }, first: 100)')
    expect(keys(page)).toEqual([0, 14, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(page.totalCount).toBe('13')
    expect(page.edges[2]!.distance).toBeCloseTo(111_319.49, 1)
  })

  it('has no feature of a layer without any geometry, and an order by distance has all of them', async () => {
    const arguments_ = 'layer: "voids"'
    const nearest = await found(`nearest(${arguments_}, to: { wkt: "POINT(0 0)" })`)
    expect([nearest.count, nearest.totalCount]).toEqual([0, '0'])
    const ordered = await found(`features(${arguments_}, orderBy: [{ distance: { to: { wkt: "POINT(0 0)" } } }])`)
    expect(ordered.edges.map(({ distance }) => distance)).toEqual([null, null, null])
  })

  it('leaves out what is farther than maxDistance, also from its total', async () => {
    const page = await found('nearest(LAYER, to: { wkt: "POINT(0 0)" }, maxDistance: 223000)')
    expect(keys(page)).toEqual([0, 14, 1, 2])
    expect(page.totalCount).toBe('4')
    const { distance } = page.edges[2]!
    expect(keys(await found(`nearest(LAYER, to: { wkt: "POINT(0 0)" }, maxDistance: ${distance})`))).toEqual([0, 14, 1])
  })

  it('continues after its cursor, with the same filter only', async () => {
    const where = 'where: { property: { name: "even", eq: true } }'
    const first = await found(`nearest(LAYER, to: { wkt: "POINT(3 0)" }, first: 3, ${where})`)
    expect(keys(first)).toEqual([2, 4, 0])
    expect(first.pageInfo.hasNextPage).toBe(true)
    const after = `after: "${first.pageInfo.endCursor}"`
    expect(keys(await found(`nearest(LAYER, to: { wkt: "POINT(3 0)" }, ${where}, ${after})`))).toEqual(
      [6, 14, 8, 10].sort(byDistanceTo3),
    )
    expect(await refused(`nearest(LAYER, to: { wkt: "POINT(3.5 0)" }, ${where}, ${after})`)).toMatch(/^CURSOR_INVALID/)
  })
})

/** 0 and 14 are the same place; 6 is as far. */
const byDistanceTo3 = (a: number, b: number) => Math.abs((a === 14 ? 0 : a) - 3) - Math.abs((b === 14 ? 0 : b) - 3) || a - b

describe('orderBy distance', () => {
  it('has features without a geometry last, or first', async () => {
    const order = (more: string) => found(`features(LAYER, orderBy: [{ distance: { to: { wkt: "POINT(0 0)" } }${more} }])`)
    expect(keys(await order(''))).toEqual([0, 14, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    const first = await order(', nulls: FIRST')
    expect(keys(first).slice(0, 3)).toEqual([12, 13, 0])
    expect(first.edges[0]!.distance).toBeNull()
  })

  it('reports no distance in another order', async () => {
    const page = await found(
      'features(LAYER, first: 1, orderBy: [{ property: "id" }, { distance: { to: { wkt: "POINT(0 0)" } } }])',
    )
    expect(page.edges[0]!.distance).toBeNull()
  })

  it.each([
    ['features(LAYER, orderBy: [{}])', /^BAD_INPUT: Each key of `orderBy` takes exactly one of/],
    ['features(LAYER, orderBy: [{ property: "id", distance: { to: { wkt: "POINT(0 0)" } } }])', /^BAD_INPUT: Each key/],
    [
      'features(LAYER, orderBy: [{ distance: { to: { wkt: "POINT EMPTY" } } }])',
      /^BAD_INPUT: `orderBy.distance.to.wkt` is empty/,
    ],
    ['nearest(LAYER, to: { wkt: "POINT(0 0)" }, maxDistance: -1)', /^BAD_INPUT: `maxDistance` takes a finite number/],
    [
      'nearest(LAYER, to: { wkt: "LINESTRING(-80 0, 80 0)" })',
      /^LIMIT_EXCEEDED: `to.wkt`: the geometry has outlines in more than 64/,
    ],
    ['nearest(LAYER, to: { wkt: "POINT(0 0)", crs: "EPSG:3857" })', /^BAD_INPUT: `to.wkt`: a distance in metres/],
    ['nearest(LAYER, to: {})', /^BAD_INPUT: `to` takes exactly one of/],
  ])('is refused in %s', async (field, message) => {
    expect(await refused(field)).toMatch(message)
  })
})
