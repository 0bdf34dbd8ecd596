/** Makes the store of the demo's live layer, with every ship at its first place: `build.ts FOLDER`. */
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readingFeatures, readNewLayer } from '../../src/ask/mutation.ts'
import { WrittenLayers } from '../../src/catalog/live/written-layers.ts'
import { COLUMNS, FENCE, featureOf, fleet, LAYER } from './fleet.ts'

const [folder] = process.argv.slice(2)
if (folder === undefined) throw new Error('build.ts FOLDER: where the store is written to')
await rm(folder, { recursive: true, force: true })

const live = await WrittenLayers.open({
  directory: join(folder, 'store'),
  tempDirectory: tmpdir(),
  // It compacts nothing.
  spatialExtension: null,
  memoryLimitBytes: 0,
  log: { info: () => {}, warn: (_, message) => process.stderr.write(`${message}\n`) },
})
await live.write({ layer: LAYER, operation: readNewLayer(LAYER, COLUMNS, 'OGC:CRS84').operation, idempotencyKey: 'create' })
const reading = readingFeatures(
  fleet().map((ship) => featureOf(ship, 0)),
  live.layer(LAYER)!,
  Number.POSITIVE_INFINITY,
)
let read = reading.next()
while (!read.done) read = reading.next()
if (!('kind' in read.value)) throw new Error(read.value[0]!.message)
await live.write({ layer: LAYER, operation: read.value, idempotencyKey: 'fill' })
await live.close()
await writeFile(join(folder, 'demo.json'), JSON.stringify({ layer: LAYER, fence: FENCE }))
