/** Values and documents for live layers. */
import { readFileSync } from 'node:fs'
import { ask, type Served } from './graphql.ts'
import { descendants } from './launched.ts'

/** A point as little-endian WKB. */
export function pointWkb(x: number, y: number): Uint8Array {
  const bytes = new Uint8Array(21)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 1)
  view.setUint32(1, 1, true)
  view.setFloat64(5, x, true)
  view.setFloat64(13, y, true)
  return bytes
}

/** Ids of the processes of this program that a process has started, such as `live/writer`. */
export function processesOf(parent: number, program: string): number[] {
  return descendants(parent).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(program)
    } catch {
      return false
    }
  })
}

/** Ids of the query workers of a server. */
export async function workersOf(server: Served): Promise<readonly number[]> {
  const { data } = await ask<{ health: { workers: { pid: number | null }[] } }>(server, '{ health { workers { pid } } }')
  return data!.health.workers.flatMap(({ pid }) => pid ?? [])
}

export const CREATE = `mutation ($name: String!, $columns: [ColumnInput!]!, $crs: String, $key: String) {
  createLayer(name: $name, columns: $columns, crs: $crs, idempotencyKey: $key) { name featureCount columns { name type } crs { code } }
}`

export const UPSERT = `mutation ($layer: String!, $features: [FeatureInput!]!, $key: String) {
  upsertFeatures(layer: $layer, features: $features, idempotencyKey: $key) { version written errors { index code message } }
}`

export const DELETE = `mutation ($layer: String!, $keys: [ID!]!, $key: String) {
  deleteFeatures(layer: $layer, keys: $keys, idempotencyKey: $key) { version written }
}`

export const point = (x: number, y: number) => ({ geojson: { type: 'Point', coordinates: [x, y] } })
