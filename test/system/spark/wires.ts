/** Every wire and every encoding of a server, for the layers `edges` and `points` of test/fixtures/spark.py. */
import { hash } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { python } from '../../support/python.ts'
import type { TestServer } from '../../support/server.ts'
import { EventSource } from '../server/event-source.ts'
import { openParts, payloadsOf } from '../server/parts.ts'
import { decoded, plain } from './questions.ts'

type Wire = (server: TestServer) => Promise<unknown>

const FILTER = 'where: { property: { name: "tiny", gte: 0 } }'
const BATCHES = `subscription { featureBatches(layer: "edges", ${FILTER}, orderBy: [{ property: "text" }], batchSize: 150) {
  sequence count features { id key bbox geometry(as: WKT) properties } } }`

/** Cursors are bound to the content of a layer, as its engine sees it. */
const withoutCursors = (text: string) => text.replaceAll(/"(endCursor|cursor)":"[^"]+"/g, '"$1":"..."')

/** A query by POST. */
const posted =
  (query: string, headers: Record<string, string> = {}): Wire =>
  async ({ url }) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify({ query }) }
    return withoutCursors(await (await fetch(`${url}/graphql`, init)).text())
  }

const gotten =
  (path: string): Wire =>
  async ({ url }) => {
    const response = await fetch(`${url}${path}`)
    const type = response.headers.get('content-type') ?? ''
    const isText = /json|csv/.test(type)
    const body = isText ? withoutCursors(await response.text()) : hash('sha256', await response.bytes())
    return { status: response.status, type, body }
  }

const streamed =
  (query: string): Wire =>
  async ({ socketUrl }) => {
    const client = createClient({ url: socketUrl, webSocketImpl: WebSocket })
    const results = await Array.fromAsync(client.iterate({ query }), (result) => withoutCursors(JSON.stringify(result)))
    await client.dispose()
    return results
  }

const downloaded = (ending: string, given = ''): Wire => gotten(`/download/edges.${ending}?${encodeURI(given)}`)

const bytes = async (server: TestServer, path: string) => Buffer.from(await (await fetch(`${server.url}${path}`)).arrayBuffer())

async function rowsOf(geopackage: Buffer): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'geoduck-gpkg-'))
  await writeFile(join(folder, 'edges.gpkg'), geopackage)
  const database = new DatabaseSync(join(folder, 'edges.gpkg'), { readOnly: true })
  const statement = database.prepare('SELECT * FROM edges')
  statement.setReadBigInts(true)
  const rows = statement.all()
  database.close()
  await rm(folder, { recursive: true })
  return rows.map((row) => plain(row))
}

/** The files in an archive, without their times. */
const contentsOf = (archive: Buffer) =>
  python(
    `import base64, io, json, sys, zipfile
archive = zipfile.ZipFile(io.BytesIO(base64.b64decode(sys.stdin.read())))
print(json.dumps({name: archive.read(name).hex() for name in archive.namelist()}))`,
    [],
    archive.toString('base64'),
  )

export const WIRES: Readonly<Record<string, Wire>> = {
  'a page': posted(
    `{ features(layer: "edges", ${FILTER}, first: 200) { count features { id properties } pageInfo { endCursor } } }`,
  ),
  'all representations of a geometry': posted(`{ features(layer: "edges", first: 200) { features {
    geometry wkt: geometry(as: WKT) ewkt: geometry(as: EWKT) wkb: geometry(as: WKB) ewkb: geometry(as: EWKB) twkb: geometry(as: TWKB)
    metres: geometry(as: WKT, crs: "EPSG:3857", simplify: 5000) bbox } } }`),
  'a flowing page': posted('{ features(layer: "points", first: 12000) { count features { id geometry(as: WKT) properties } } }'),
  'a flowing page of GeoJSON': posted('{ features(layer: "points", first: 12000) { geojson(precision: 4, bbox: true) } }'),
  GET: gotten(`/graphql?query=${encodeURIComponent(`{ features(layer: "edges", ${FILTER}, first: 100) { geojson } }`)}`),
  'feature(id)': posted(
    '{ feature(layer: "edges", id: "-580") { id properties geometry(as: WKT) } none: feature(layer: "edges", id: "7") { id } }',
  ),
  'node(id)': posted('{ node(id: "edges:2000") { __typename id ... on EdgesFeature { text whole } } }'),
  'typed fields':
    posted(`{ edges(where: { tiny: { gte: 0 }, text: { startsWith: "a" } }, orderBy: [{ by: DOUBLE, direction: DESC }], first: 50) {
    totalCount features { id tiny big single double amount wide flag text code day local moment numbers deep { a { b } } geometry(as: WKT) } } }`),
  'a typed feature': posted('{ edgesFeature(key: "0") { id text double } }'),
  'counts and groups': posted(`{ edgesAggregate(where: { tiny: { gte: 0 } }, groupBy: [FLAG]) {
    totalCount rows { flag count whole { sum avg min max } amount { sum } double { min max } day { min max } } } }`),
  'a count': posted(`{ features(layer: "edges", ${FILTER}, first: 1) { totalCount } }`),
  'groups of cells and times':
    posted(`{ aggregate(layer: "edges", time: [{ column: "moment", every: "P1Y" }], cell: { kind: SQUARE, size: 30 },
    groupBy: [{ column: "tiny" }], first: 1000) { rows { keys time cell { id } count geometry { extent } } } }`),
  nearest: posted('{ nearest(layer: "edges", to: { wkt: "POINT(10 20)" }, first: 30) { edges { distance node { id } } } }'),
  'a WebSocket': streamed(BATCHES),
  'a typed subscription': streamed(
    'subscription { edges(where: { tiny: { lt: 0 } }, batchSize: 200) { count features { id text } } }',
  ),
  'GeoJSON over a WebSocket': streamed(
    'subscription { featureBatches(layer: "edges", batchSize: 400) { geojson(crs: "OGC:CRS84", precision: 5) } }',
  ),
  'Server-Sent Events': async (server) =>
    (await (await EventSource.open(server, BATCHES)).all()).map((event) => withoutCursors(JSON.stringify(event))),
  multipart: async (server) =>
    (await payloadsOf(await openParts(server, BATCHES))).map((payload) => withoutCursors(JSON.stringify(payload))),
  '.geojsonl': downloaded('geojsonl', 'bbox=0,0,90,80&precision=3'),
  '.geojson': downloaded('geojson', 'limit=700'),
  '.csv': downloaded('csv', 'orderBy=[{"property":"text"}]&crs=EPSG:3857'),
  '.arrows': async (server) => decoded(await bytes(server, '/download/edges.arrows')),
  '.parquet': downloaded('parquet'),
  // SQLite's pages have times.
  '.gpkg': async (server) => rowsOf(await bytes(server, '/download/edges.gpkg')),
  '.fgb': downloaded('fgb'),
  '.shp.zip': async (server) => contentsOf(await bytes(server, '/download/points.shp.zip?bbox=0,0,30,30')),
  // Nobody proves the geometry of a layer of Spark, so it has no native type.
  '.arrows with WKB': async (server) => decoded(await bytes(server, '/download/points.arrows?bbox=0,0,50,50&geometry=WKB')),
  '.kml': downloaded('kml'),
  '.pmtiles': downloaded('pmtiles', 'maxZoom=3'),
  'a description of tiles': async (server) => String(await bytes(server, '/tiles/edges.json')).replaceAll(server.url, ''),
  'a vector tile': async (server) => (await bytes(server, '/tiles/edges/0/0/0.mvt')).toString('hex'),
  'a filtered vector tile': async (server) =>
    (await bytes(server, '/tiles/edges/2/2/1.mvt?properties=text,tiny')).toString('hex'),
}
