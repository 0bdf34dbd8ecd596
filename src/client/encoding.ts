/** The encodings of features: the selection of each, and its result. */
import type { FeatureCollection, Geometry } from 'geojson'
import { fromBase64 } from './base64.ts'
import type { EncodingOptions } from './options.ts'

interface AnyBatch {
  /** 0, 1, 2, ... without a gap over the whole stream, including after it was resumed. */
  readonly sequence: number
  /** The number of features. */
  readonly count: number
  /** The position directly after its last feature: the `after` of a stream that continues there. */
  readonly cursor: string
}

export interface GeoJSONBatch extends AnyBatch {
  readonly geojson: FeatureCollection<Geometry | null>
}

export interface ArrowBatch extends AnyBatch {
  /** A self-contained Arrow IPC stream of one record batch. */
  readonly arrow: Uint8Array<ArrayBuffer>
}

export interface FeaturesBatch extends AnyBatch {
  readonly features: readonly StreamedFeature[]
}

export interface StreamedFeature {
  /** An id that is unique over the features of all layers, such as `observations:161407`. */
  readonly id: string
  /** The key, unique in the layer: `id` in GeoJSON and Arrow. */
  readonly key: string
  readonly geometry: Geometry | null
  /** The geometry in the CRS of the result. */
  readonly bbox: readonly [west: number, south: number, east: number, north: number] | null
  readonly properties: Readonly<Record<string, unknown>>
}

export interface Batches {
  readonly geojson: GeoJSONBatch
  readonly arrow: ArrowBatch
  readonly features: FeaturesBatch
}

export type Encoding = keyof Batches

/** A batch from the wire. It contains the requested encoding. */
export interface WireBatch {
  readonly sequence: number
  readonly count: number
  readonly cursor: string
  readonly geojson?: FeatureCollection<Geometry | null>
  readonly arrow?: string
  readonly features?: readonly StreamedFeature[]
}

/** A field with the arguments whose variables are given. */
type WithArguments = (field: string, variables: Readonly<Record<string, keyof EncodingOptions>>, fixed?: string) => string

const GEOMETRY = { crs: 'crs', simplify: 'simplify' } as const

const SELECTIONS: Readonly<Record<Encoding, (field: WithArguments, asWkb: boolean) => string>> = {
  geojson: (field) => field('geojson', { ...GEOMETRY, precision: 'precision', only: 'properties' }),
  arrow: (field, asWkb) => field('arrow', { ...GEOMETRY, only: 'properties' }, asWkb ? 'geometry: WKB' : ''),
  features: (field) =>
    `features { id key ${field('geometry', { ...GEOMETRY, precision: 'precision' })} ${field('bbox', { crs: 'crs' })} ${field('properties', { only: 'properties' })} }`,
}

/** @param asWkb true if an Arrow geometry column must be `geoarrow.wkb`, even if a native type is possible */
export function selectionOf(encoding: Encoding, options: EncodingOptions, asWkb: boolean): string {
  const field: WithArguments = (name, variables, fixed = '') => {
    const given = Object.entries(variables).filter(([, variable]) => options[variable] != null)
    const list = [...given.map(([argument, variable]) => `${argument}: $${variable}`), ...(fixed ? [fixed] : [])]
    return list.length > 0 ? `${name}(${list.join(', ')})` : name
  }
  return SELECTIONS[encoding](field, asWkb)
}

/** Null if the batch does not contain the number of features that it declares. */
export function decode<E extends Encoding>(encoding: E, batch: WireBatch, sequence: number): Batches[E] | null {
  const { count, cursor } = batch
  const decoded = DECODERS[encoding](batch)
  return decoded && ({ sequence, count, cursor, ...decoded } as Batches[E])
}

const DECODERS: Readonly<Record<Encoding, (batch: WireBatch) => object | null>> = {
  geojson: ({ geojson, count }) => (geojson?.features.length === count ? { geojson } : null),
  arrow: ({ arrow }) => (arrow === undefined ? null : { arrow: fromBase64(arrow) }),
  features: ({ features, count }) => (features?.length === count ? { features } : null),
}
