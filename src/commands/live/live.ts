/** Runs `geoduck live`. */
import { existsSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { readNewLayer } from '../../ask/mutation.ts'
import { WrittenLayers } from '../../catalog/live/written-layers.ts'
import type { Config } from '../../config/config.ts'
import { ConfigurationError } from '../../config/configuration-error.ts'
import { formatSize } from '../../config/size.ts'
import { storeFile } from '../../engines/duckdb/host/live-files.ts'
import { basesIn, changesSince, layersIn, openForReading } from '../../engines/duckdb/host/live-store.ts'
import type { LiveArguments } from './arguments.ts'

/** Returns the lines for stdout. */
export async function runLive(options: LiveArguments, config: Config, spatialExtension: string): Promise<readonly string[]> {
  const directory = path.resolve(options.directory)
  if (options.action === 'status') return await status(directory)
  if (options.action === 'compact' && !existsSync(storeFile(directory))) throw noStore(directory)
  const { tempDirectory, memoryLimitBytes } = config
  const log = { info: () => {}, warn: (_: object, message: string) => void process.stderr.write(`${message}\n`) }
  const live = await WrittenLayers.open({ directory, tempDirectory, memoryLimitBytes, spatialExtension, log })
  try {
    return options.action === 'create' ? await create(live, options) : await compact(live, options.layer)
  } finally {
    await live.close()
  }
}

async function create(
  live: WrittenLayers,
  { layer, columns, crs }: Extract<LiveArguments, { readonly action: 'create' }>,
): Promise<readonly string[]> {
  const { operation } = readNewLayer(layer, columns, crs)
  const answer = await live.write({ layer, operation, idempotencyKey: `command ${process.pid} ${Date.now()}` })
  if ('refused' in answer) throw new ConfigurationError(`There is a layer ${layer} already.`)
  return [`created ${layer}`]
}

async function compact(live: WrittenLayers, layer: string | null): Promise<readonly string[]> {
  const names = layer === null ? live.layers().map(({ name }) => name) : [layer]
  if (layer !== null && !live.layer(layer)) throw new ConfigurationError(`The folder has no layer ${layer}.`)
  for (const name of names) await live.compact(name)
  return names.map((name) => `compacted ${name}, ${live.layer(name)!.featureCount?.toLocaleString('en')} features`)
}

async function status(directory: string): Promise<readonly string[]> {
  if (!existsSync(storeFile(directory))) throw noStore(directory)
  const store = openForReading(directory)
  const bases = basesIn(store)
  const rows = layersIn(store).map((layer) => {
    const since = Math.max(layer.created, ...bases.filter((base) => base.layer === layer.id).map(({ version }) => version))
    const numbers = [layer.features, changesSince(store, layer.id, since)].map((number) => number.toLocaleString('en'))
    return [layer.name, ...numbers, String(layer.version), layer.crs]
  })
  store.close()
  const files = await readdir(directory)
  const bytes = files.reduce((sum, file) => sum + (statSync(path.join(directory, file), { throwIfNoEntry: false })?.size ?? 0), 0)
  const table = [['layer', 'features', 'changes', 'version', 'CRS'], ...rows]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)))
  const lines = table.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd(),
  )
  return [...lines, `${formatSize(bytes)} on disk, ${bases.length} bases`]
}

function noStore(directory: string): ConfigurationError {
  return new ConfigurationError(`${directory} has no live layers; geoduck live create makes the first one.`)
}
