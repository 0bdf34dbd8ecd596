/** Streams a layer into a GeoParquet file: `node to-parquet.js LAYER FILE [ENDPOINT]`. Beside geoduck it needs apache-arrow and parquet-wasm. */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { RecordBatchReader } from 'apache-arrow'
import { streamFeatures } from 'geoduck-client'
import { Table, transformParquetStream, WriterPropertiesBuilder } from 'parquet-wasm'

const [layer, file, url = 'http://127.0.0.1:4000/graphql'] = process.argv.slice(2)
if (!layer || !file) throw new Error('to-parquet.js LAYER FILE [ENDPOINT]')

const stream = streamFeatures({ url, layer, encoding: 'arrow', batchSize: 10_000 })
const { value: first } = await stream.next()
if (!first) throw new Error(`${layer} has no features`)

let rows = 0
async function* recordBatches() {
  yield* taken(first)
  for await (const batch of stream) yield* taken(batch)
}

function taken({ arrow, count }) {
  rows += count
  const table = Table.fromIPCStream(arrow)
  const batches = table.recordBatches()
  table.free()
  return batches
}

/** The metadata of GeoParquet: the geometry column and its encoding. */
function geoMetadata({ arrow }) {
  const { fields } = RecordBatchReader.from(arrow).open().schema
  const field = fields.find(({ metadata }) => metadata.get('ARROW:extension:name')?.startsWith('geoarrow.'))
  const encoding = field.metadata.get('ARROW:extension:name').slice('geoarrow.'.length)
  const { crs } = JSON.parse(field.metadata.get('ARROW:extension:metadata') || '{}')
  // Another CRS would have to be written in full, as PROJJSON.
  if (crs !== 'OGC:CRS84' && crs !== 'EPSG:4326') throw new Error(`${layer} is in ${crs}, not in longitude and latitude`)
  const column = { encoding: encoding === 'wkb' ? 'WKB' : encoding, geometry_types: [] }
  return { version: '1.1.0', primary_column: field.name, columns: { [field.name]: column } }
}

function properties() {
  const geo = JSON.stringify(geoMetadata(first))
  return new WriterPropertiesBuilder()
    .setMaxRowGroupSize(100_000)
    .setKeyValueMetadata(new Map([['geo', geo]]))
    .build()
}

const parquet = await transformParquetStream(ReadableStream.from(recordBatches()), properties())
await pipeline(Readable.from(parquet), createWriteStream(file))
console.log(`${rows} features`)
