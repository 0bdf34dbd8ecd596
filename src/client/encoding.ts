/** The encodings of features: what is selected for each, and what is made of it. */
import type { FeatureCollection, Geometry } from 'geojson'
import { fromBase64 } from './base64.ts'
import type { EncodingOptions } from './options.ts'

interface AnyBatch {
  /** 0, 1, 2, ... without a gap over the whole stream, however often it was taken up again. */
  readonly sequence: number
  /** Features in it. */
  readonly count: number
  /** Right after its last feature: `after` of a stream that goes on there. */
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
  /** Unique among the features of all layers, e.g. `observations:161407`. */
  readonly id: string
  /** Unique in the layer: `id` in GeoJSON and Arrow. */
  readonly key: string
  readonly geometry: Geometry | null
  /** In the CRS that coordinates come out in. */
  readonly bbox: readonly [west: number, south: number, east: number, north: number] | null
  readonly properties: Readonly<Record<string, unknown>>
}

export interface Batches {
  readonly geojson: GeoJSONBatch
  readonly arrow: ArrowBatch
  readonly features: FeaturesBatch
}

export type Encoding = keyof Batches

/** As it comes over the wire; which encoding is there was asked. */
export interface WireBatch {
  readonly sequence: number
  readonly count: number
  readonly cursor: string
  readonly geojson?: FeatureCollection<Geometry | null>
  readonly arrow?: string
  readonly features?: readonly StreamedFeature[]
}

/** A field with those of the arguments whose variables are given. */
type WithArguments = (field: string, variables: Readonly<Record<string, keyof EncodingOptions>>, fixed?: string) => string

const GEOMETRY = { crs: 'crs', simplify: 'simplify' } as const

const SELECTIONS: Readonly<Record<Encoding, (field: WithArguments, asWkb: boolean) => string>> = {
  geojson: (field) => field('geojson', { ...GEOMETRY, precision: 'precision', only: 'properties' }),
  arrow: (field, asWkb) => field('arrow', { ...GEOMETRY, only: 'properties' }, asWkb ? 'geometry: WKB' : ''),
  features: (field) =>
    `features { id key ${field('geometry', { ...GEOMETRY, precision: 'precision' })} ${field('bbox', { crs: 'crs' })} ${field('properties', { only: 'properties' })} }`,
}

/** @param asWkb an Arrow geometry column is `geoarrow.wkb`, also where it could be of a native type */
export function selectionOf(encoding: Encoding, options: EncodingOptions, asWkb: boolean): string {
  const field: WithArguments = (name, variables, fixed = '') => {
    const given = Object.entries(variables).filter(([, variable]) => options[variable] != null)
    const list = [...given.map(([argument, variable]) => `${argument}: $${variable}`), ...(fixed ? [fixed] : [])]
    return list.length > 0 ? `${name}(${list.join(', ')})` : name
  }
  return SELECTIONS[encoding](field, asWkb)
}

/** Null if it does not hold the features that it counts. */
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
