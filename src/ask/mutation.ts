/** Reads the arguments of mutations into checked, exact values. */
import { randomUUID } from 'node:crypto'
import type { Output } from '../encode/batch.ts'
import { around } from '../geometry/box.ts'
import { GeometryBudget } from '../geometry/builder.ts'
import type { GeometryTypeName } from '../geometry/geometry-type.ts'
import type { ColumnInput, FeatureInput, FeatureSetInput, InputMaybe } from '../graphql/generated.ts'
import { COLUMN_TYPES, columnTypeOf } from '../model/column-type.ts'
import { GeoduckError } from '../model/errors.ts'
import type { BBox, Field, Layer } from '../model/layer.ts'
import type { LiveColumn, LiveFeature, LiveOperation } from '../model/live.ts'
import { nearNames } from '../model/near-names.ts'
import type { Filter } from '../model/predicate.ts'
import type { FeatureQuery } from '../model/query.ts'
import { show } from '../model/show.ts'
import { readCrs } from './crs.ts'
import { readStoredGeometry } from './read/read-geometry.ts'
import { valuesOf } from './values/values-of.ts'
import { viewOf } from './view.ts'

export const MOST_COLUMNS = 200
/** Features or keys of one mutation. */
export const MOST_FEATURES = 5_000
/** Characters of a key, and of an idempotency key. */
export const LONGEST_KEY = 200

const LAYER_NAME = /^\p{L}[\p{L}\p{M}\p{N}_-]{0,62}$/u
/** No name contains a quote, a colon or a control character, so that none means anything else to an engine. */
const COLUMN_NAME = /^[\p{L}_][\p{L}\p{M}\p{N}_ -]{0,62}$/u

export interface NewLayer {
  readonly name: string
  readonly operation: Extract<LiveOperation, { readonly kind: 'create' }>
}

/** @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED */
export function readNewLayer(name: string, columns: readonly ColumnInput[], crs: InputMaybe<string>): NewLayer {
  if (!LAYER_NAME.test(name) || name !== name.normalize('NFC'))
    throw badInput(`\`name\` takes letters, digits, \`_\` and \`-\`, and begins with a letter, not ${show(name)}`)
  if (columns.length > MOST_COLUMNS) throw limit(`\`columns\` takes at most ${MOST_COLUMNS} columns, not ${columns.length}`)
  const known = new Set(['geometry'])
  const read = columns.map((column, n): LiveColumn => {
    const argument = `columns[${n}]`
    if (!COLUMN_NAME.test(column.name) || column.name !== column.name.normalize('NFC'))
      throw badInput(`\`${argument}.name\` takes letters, digits, \`_\`, \`-\` and spaces, not ${show(column.name)}`)
    // Engines compare names without regard to case.
    const folded = column.name.toLowerCase()
    if (known.has(folded)) throw badInput(`\`${argument}.name\`: ${show(column.name)} is the name of another column`)
    known.add(folded)
    if (!columnTypeOf(column.type))
      throw badInput(`\`${argument}.type\` takes one of ${COLUMN_TYPES.join(', ')}, not ${show(column.type)}`)
    return { name: column.name, native: column.type }
  })
  return { name, operation: { kind: 'create', columns: read, crs: readCrs(crs ?? 'OGC:CRS84', 'crs').code! } }
}

export interface FeatureError {
  readonly index: number
  readonly code: string
  readonly message: string
}

/** Most errors that are reported. */
const MOST_ERRORS = 100

export type Upsert = Extract<LiveOperation, { readonly kind: 'upsert' }>

/** Returns the features of a mutation, or what is wrong with them. @throws GeoduckError LIMIT_EXCEEDED */
export function readingFeatures(
  inputs: readonly FeatureInput[],
  layer: Layer,
  mostVertices: number,
): Generator<undefined, Upsert | readonly FeatureError[]> {
  atMost('features', inputs.length)
  return readingInputs(inputs, { read: (input) => input, layer, mostVertices, lastWins: false })
}

export interface FeatureReading<Input> {
  /** Returns the feature of an input. @throws GeoduckError */
  readonly read: (input: Input) => FeatureInput
  readonly layer: Layer
  readonly mostVertices: number
  /** True: a feature replaces an earlier one with its key. False: that is an error. */
  readonly lastWins: boolean
}

/** Returns the features, or what is wrong with them. @throws GeoduckError LIMIT_EXCEEDED */
export function* readingInputs<Input>(
  inputs: readonly Input[],
  { read, layer, mostVertices, lastWins }: FeatureReading<Input>,
): Generator<undefined, Upsert | readonly FeatureError[]> {
  const tally = new GeometryBudget(mostVertices)
  const keys = new Set<string>()
  const features = new Map<string, LiveFeature>()
  const errors: FeatureError[] = []
  const types = new Set<GeometryTypeName>()
  let extent: BBox | null = null
  for (const [index, input] of inputs.entries()) {
    try {
      const feature = read(input)
      const key = keyOf(feature.key)
      if (keys.has(key) && !lastWins) throw badInput(`\`key\`: ${show(key)} is the key of an earlier feature`)
      keys.add(key)
      const geometry = feature.geometry ? readStoredGeometry(feature.geometry, layer, 'geometry', tally) : null
      features.set(key, { key, values: valuesIn(feature.properties, layer), geometry: geometry?.wkb ?? null })
      if (!geometry) continue
      types.add(geometry.type)
      extent = around(extent, withoutSeam(geometry.bbox))
    } catch (error) {
      if (!(error instanceof GeoduckError)) throw error
      if (error.code === 'LIMIT_EXCEEDED' && !lastWins) throw error
      errors.push({ index, code: error.code, message: error.message })
      if (errors.length === MOST_ERRORS) break
    }
    yield
  }
  return errors.length > 0 ? errors : { kind: 'upsert', features: [...features.values()], extent, types: [...types] }
}

export type FeatureSet = Omit<Extract<LiveOperation, { readonly kind: 'update' }>, 'keys' | 'kind'>

/** Returns the new values of features. @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED */
export function readSet({ geometry: shape, properties }: FeatureSetInput, layer: Layer, mostVertices: number): FeatureSet {
  if (shape === undefined && properties === undefined) throw badInput('`set` takes `geometry`, `properties` or both')
  const given = propertiesIn(properties, layer.columns)
  const values = layer.columns.flatMap((field, column) =>
    Object.hasOwn(given, field.name) ? [{ column, value: textOf(given[field.name], field) }] : [],
  )
  const read = shape ? readStoredGeometry(shape, layer, 'set.geometry', new GeometryBudget(mostVertices)) : null
  return {
    values,
    geometry: shape === undefined ? null : { wkb: read?.wkb ?? null },
    extent: read && withoutSeam(read.bbox),
    types: read ? [read.type] : [],
  }
}

const KEYS_ONLY: readonly Output[] = [{ kind: 'features', fields: [{ key: 'key', field: 'key' }] }]

/** The query for the keys of the features that a mutation changes. */
export function keysQuery(layer: Layer, where: Filter): FeatureQuery {
  const whole = { orderBy: [], limit: null, after: null, outputs: KEYS_ONLY, properties: [] }
  return Object.freeze({ kind: 'features', view: viewOf(layer), where, ...whole })
}

/** Returns the keys in the result of `keysQuery`. @throws GeoduckError LIMIT_EXCEEDED */
export function keysIn(json: Uint8Array, hasMore: boolean): readonly string[] {
  if (hasMore) throw limit(`\`where\` selects more than ${MOST_FEATURES} features; select fewer per mutation`)
  return (JSON.parse(Buffer.from(json).toString()) as { readonly key: string }[]).map(({ key }) => key)
}

/** @throws GeoduckError BAD_INPUT, LIMIT_EXCEEDED */
export function readKeys(keys: readonly string[]): Extract<LiveOperation, { readonly kind: 'delete' }> {
  atMost('keys', keys.length)
  return { kind: 'delete', keys: [...new Set(keys.map(keyOf))] }
}

/** Returns the client's key, or a new one. @throws GeoduckError BAD_INPUT */
export function readIdempotencyKey(given: InputMaybe<string> | undefined): string {
  if (given === undefined || given === null) return `own ${randomUUID()}`
  if (given === '' || given.length > LONGEST_KEY) throw badInput(`\`idempotencyKey\` takes 1 to ${LONGEST_KEY} characters`)
  return `client ${given}`
}

function keyOf(key: string): string {
  if (key === '' || key.length > LONGEST_KEY || !key.isWellFormed())
    throw badInput(`\`key\` takes 1 to ${LONGEST_KEY} characters`)
  return key
}

/** Returns the values in the order of the columns, each as the text of its type. */
function valuesIn(properties: unknown, { columns }: Layer): readonly (string | null)[] {
  const given = propertiesIn(properties, columns)
  return columns.map((column) => textOf(Object.hasOwn(given, column.name) ? given[column.name] : null, column))
}

function propertiesIn(properties: unknown, columns: readonly Field[]): Readonly<Record<string, unknown>> {
  if (properties === undefined || properties === null) return {}
  if (typeof properties !== 'object' || Array.isArray(properties)) throw badInput('`properties` takes an object')
  const given = properties as Readonly<Record<string, unknown>>
  const names = columns.map(({ name }) => name)
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue
    const near = nearNames(name, names)
    throw badInput(
      `\`properties\`: the layer has no column ${show(name)}${near.length > 0 ? `; near: ${near.map(show).join(', ')}` : ''}`,
    )
  }
  return given
}

function textOf(value: unknown, { name, type, native }: Field): string | null {
  if (value === null || value === undefined) return null
  if (type.kind === 'json') return JSON.stringify(value)
  const values = valuesOf(type)
  const place = values?.place(value)
  if (typeof value === 'string' && !value.isWellFormed()) throw badInput(`\`properties\`: ${show(name)} is no valid text`)
  if (typeof place === 'object' && place?.exact) return place.at
  if (place) throw badInput(`\`properties\`: ${show(name)} is ${native}, which cannot hold ${show(value)} exactly`)
  throw badInput(`\`properties\`: ${show(name)} is ${native} and takes ${values?.takes ?? 'no value'}, not ${show(value)}`)
}

/** A box across the antimeridian counts as one around the whole earth. */
function withoutSeam([west, south, east, north]: BBox): BBox {
  return west > east ? [-180, south, 180, north] : [west, south, east, north]
}

function atMost(argument: string, count: number): void {
  if (count > MOST_FEATURES)
    throw limit(`\`${argument}\` takes at most ${MOST_FEATURES} per mutation, not ${count}; send several`)
}

function badInput(what: string): GeoduckError {
  return new GeoduckError('BAD_INPUT', `${what}.`)
}

function limit(what: string): GeoduckError {
  return new GeoduckError('LIMIT_EXCEEDED', `${what}.`)
}
