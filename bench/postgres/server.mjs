/**
 * A plain server of node-postgres that returns what PostGIS makes of features. It runs from the cache folder, where its packages are.
 * The statements are prepared once per connection. PostGIS prints the whole collection, which was faster than rows that Node joins, and
 * ST_AsGeoJSON prints each record, as its manual shows it. Texts that are joined by hand were up to 5 % faster, but are not JSON if a value is null.
 */
import { createServer } from 'node:http'
import pg from 'pg'
import Cursor from 'pg-cursor'

const COLUMNS = {
  buildings: 'id, height, levels, built_year, name, class',
  places: 'id, value, name, category, ts',
  parcels: 'id, value, area_m2, name, zone, updated',
}

const BOX = 'ST_Intersects(geom, ST_MakeEnvelope($1::float8, $2::float8, $3::float8, $4::float8, 4326))'
const WHERE = {
  box: BOX,
  key: 'id = $1::bigint',
  text: 'name = $1::text',
  page: 'class = $1::text AND height >= $2::float8 ORDER BY name LIMIT 100',
}

const feature = (row) => `ST_AsGeoJSON(${row}, 'geom', 7)`

function statement(layer, kind) {
  if (kind === 'count') return `SELECT '{"count":' || count(*) || '}' AS text FROM ${layer} WHERE ${BOX}`
  return `SELECT '{"type":"FeatureCollection","features":[' || coalesce(string_agg(${feature('f')}, ','), '') || ']}' AS text
    FROM (SELECT * FROM ${layer} WHERE ${WHERE[kind]}) f`
}

/** As the manual of PostGIS writes it: 4,096 units and a buffer of 64, as in our tiles. */
function tileStatement(layer) {
  return `WITH place AS (SELECT ST_TileEnvelope($1, $2, $3) AS tile, ST_TileEnvelope($1, $2, $3, margin => 64.0 / 4096) AS around),
    shown AS (SELECT ${COLUMNS[layer]}, ST_AsMVTGeom(ST_Transform(geom, 3857), tile, 4096, 64) AS geom
      FROM ${layer}, place WHERE geom && ST_Transform(around, 4326))
    SELECT ST_AsMVT(shown, '${layer}', 4096, 'geom', 'id') AS tile FROM shown`
}

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 })

async function stream(layer, response) {
  const client = await pool.connect()
  const cursor = client.query(new Cursor(`SELECT ${feature('f')} AS text FROM ${layer} f`, [], { rowMode: 'array' }))
  for (let rows = await cursor.read(2000); rows.length > 0; rows = await cursor.read(2000)) {
    if (!response.write(`${rows.map(([text]) => text).join('\n')}\n`))
      await new Promise((resolve) => response.once('drain', resolve))
  }
  await cursor.close()
  client.release()
  response.end()
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://127.0.0.1')
  const [, layer, kind, ...place] = url.pathname.split('/')
  if (kind === 'tile') {
    const { rows } = await pool.query({ name: `${layer} tile`, text: tileStatement(layer), values: place.map(Number) })
    return response.end(rows[0].tile)
  }
  response.setHeader('content-type', 'application/geo+json')
  if (kind === 'stream') return await stream(layer, response)
  const values = url.searchParams.getAll('v')
  const { rows } = await pool.query({ name: `${layer} ${kind}`, text: statement(layer, kind), values })
  response.end(rows[0].text)
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(500).end(String(error)))
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`ready http://127.0.0.1:${server.address().port}\n`))
