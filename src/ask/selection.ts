/** Describes the outputs for each feature: encodings, representations of geometry, properties. */

import type { Operation } from '../delivery/operation.ts'
import type { GeoArrowShape, Output } from '../encode/batch.ts'
import type { Message } from '../engines/engine.ts'
import { nativeOf } from '../geometry/geometry-type.ts'
import type { FeatureBatchArrowArgs, FeatureBatchGeojsonArgs, InputMaybe } from '../graphql/generated.ts'
import { GeoduckError } from '../model/errors.ts'
import { type Field, type Layer, LON_LAT, sameCrs } from '../model/layer.ts'
import { nearNames } from '../model/near-names.ts'
import type { Representation, View } from '../model/query.ts'
import { inRange, PRECISION } from './arguments.ts'
import { hasKnownCrs, NAME_THE_CRS, readCrs, requireKnownCrs } from './crs.ts'
import { requireGeometry } from './view.ts'

export interface Selection {
  /** Each output is made once, even if several response keys select it. */
  readonly outputs: readonly Output[]
  /** Response key of a `features`, `edges`, `geojson` or `arrow` → index into `outputs`. */
  readonly indexes: ReadonlyMap<string, number>
  /** Index into `outputs` of the first feature's cursor. Null if it is not selected. */
  readonly startCursor: number | null
  /** Outputs refer to these by index. */
  readonly representations: readonly Representation[]
  readonly properties: readonly Field[]
  /** The message that contains the outputs. Null if no document selects them. */
  readonly message: Message | null
  /** True if what the engine reads is selected. */
  readonly countsScan?: boolean
}

/** The view and the representations that a selection is made with. */
export interface SelectionContext {
  readonly view: View
  readonly representations: Representations
}

/** Returns the selection of outputs that no document selects. */
export function selectionOf({ view, representations }: SelectionContext, outputs: readonly Output[]): Selection {
  const properties = propertiesOf(outputs, view)
  return { outputs, indexes: new Map(), startCursor: null, representations: representations.list, properties, message: null }
}

function propertiesOf(outputs: readonly Output[], { fields }: View): readonly Field[] {
  const lists = outputs.flatMap(namedProperties)
  if (lists.includes(null)) return fields
  const wanted = new Set(lists.flatMap((names) => names ?? []))
  return wanted.size === 0 ? [] : fields.filter(({ name }) => wanted.has(name))
}

/** Returns the list of properties of each part of an output. Null for all properties. */
function namedProperties(output: Output): (readonly string[] | null)[] {
  switch (output.kind) {
    case 'features':
      return output.fields.flatMap((field) => {
        if (field.field === 'properties') return [field.only]
        if (field.field === 'property') return [[field.name]]
        return field.field === 'object' ? namedProperties({ kind: 'features', fields: field.fields }) : []
      })
    case 'edges':
      return output.fields.flatMap((field) => (field.field === 'node' ? namedProperties({ ...field, kind: 'features' }) : []))
    case 'start-cursor':
    case 'tile-cells':
      return []
    default:
      return [output.only ?? null]
  }
}

/** Returns the Arrow output of a layer: in its native geometry type if it has one and WKB was not requested. */
export function arrowOutput(
  kind: 'arrow' | 'arrow-base64',
  args: Partial<FeatureBatchArrowArgs>,
  asked: SelectionContext,
): Output {
  const { view, representations } = asked
  if (args.geometry === 'WKB') requireGeometry(view.layer, 'geometry')
  const shape = args.geometry === 'WKB' ? null : geoArrowShape(view.layer)
  const only = propertiesNamed(args.only, view)
  return { kind, geometry: representations.add(args), ...(shape ? { shape } : {}), ...(only ? { only } : {}) }
}

/**
 * The native GeoArrow type, if the check proved that all geometries have one type. Null for mixed types, and before the check.
 */
function geoArrowShape({ state, geometryTypes, coordinates }: Layer): GeoArrowShape | null {
  const [only, other] = geometryTypes
  const type = only && other === undefined ? nativeOf(only) : null
  return state === 'READY' && type && coordinates ? { type, coordinates } : null
}

/** Returns a GeoJSON output. @throws GeoduckError BAD_INPUT if coordinates are not longitude and latitude */
export function geoJsonOutput(
  kind: 'geojson' | 'geojson-lines' | 'geojson-members',
  args: Partial<FeatureBatchGeojsonArgs>,
  { view, representations }: SelectionContext,
): Output {
  const geometry = representations.add(args)
  if (args.bbox) requireGeometry(view.layer, 'bbox')
  requireLonLat(view.layer, representations.list[geometry]!, '`geojson`')
  const precision = inRange('precision', args.precision, PRECISION)
  const only = propertiesNamed(args.only, view)
  return { kind, geometry, precision, ...(args.bbox ? { bbox: true } : {}), ...(only ? { only } : {}) }
}

/** Returns the output of a file that another program writes from the columns. Its geometry is WKB. */
export function columnsOutput(args: Partial<FeatureBatchArrowArgs>, { view, representations }: SelectionContext): Output {
  const only = propertiesNamed(args.only, view)
  return { kind: 'arrow', geometry: representations.add(args), ...(only ? { only } : {}) }
}

/** KML is in longitude and latitude: a layer in another CRS is transformed. @throws GeoduckError BAD_INPUT for another `crs` */
export function kmlOutput(args: Partial<FeatureBatchArrowArgs>, asked: SelectionContext): Output {
  const { layer } = asked.view
  const isOther = layer.crs !== null && !layer.crs.isLonLat
  const output = columnsOutput(isOther && !args.crs ? { ...args, crs: LON_LAT } : args, asked)
  requireLonLat(layer, asked.representations.list.at(-1)!, 'KML')
  return output
}

/** Returns a CSV output, whose coordinates are in any CRS. */
export function csvOutput(args: Partial<FeatureBatchGeojsonArgs>, { view, representations }: SelectionContext): Output {
  const geometry = representations.add(args)
  const precision = inRange('precision', args.precision, PRECISION)
  const only = propertiesNamed(args.only, view)
  return { kind: 'csv', geometry, precision, ...(only ? { only } : {}) }
}

/**
 * True if coordinates are longitude and latitude. So are those of a source without a CRS, as in GeoParquet, unless its extent is outside of their
 * range.
 */
export function isInDegrees({ crs, extent }: Layer): boolean {
  if (crs || !extent) return crs?.isLonLat ?? true
  const [west, south, east, north] = extent
  return west >= -180 && south >= -90 && east <= 180 && north <= 90
}

/** RFC 7946 allows only longitude and latitude. */
function requireLonLat(layer: Layer, { crs }: Pick<Representation, 'crs'>, what: string): void {
  if (crs) {
    if (crs.isLonLat) return
    throw refused(what, `\`crs\` asks for ${crs.name}`, 'leave `crs` out or say "OGC:CRS84"')
  }
  if (isInDegrees(layer)) return
  if (!hasKnownCrs(layer)) throw refused(what, `${layer.name} is not in degrees, nor in a CRS that is known`, NAME_THE_CRS)
  throw refused(what, `${layer.name} is in ${layer.crs?.code ?? layer.crs?.name}`, 'ask for `crs: "OGC:CRS84"`')
}

function refused(what: string, why: string, out: string): GeoduckError {
  return new GeoduckError(
    'BAD_INPUT',
    `${what} is longitude and latitude${what === 'KML' ? '' : ' (RFC 7946)'}, and ${why}: ${out}, or select \`arrow\` or \`features { geometry }\`, which take any CRS.`,
  )
}

/**
 * Returns the properties that an argument `only` names, each once and in the order of the view. Null for all. @throws
 * GeoduckError BAD_INPUT for an unknown name
 */
export function propertiesNamed(only: readonly string[] | null | undefined, { layer, fields }: View): readonly string[] | null {
  if (!only) return null
  const names = fields.map(({ name }) => name)
  const known = new Set(names)
  const unknown = only.find((name) => !known.has(name))
  if (unknown === undefined) {
    const wanted = new Set(only)
    return names.filter((name) => wanted.has(name))
  }
  const near = nearNames(unknown, names).map((name) => `\`${name}\``)
  const hint = near.length > 0 ? ` Near: ${near.join(', ')}.` : ' `layer { columns }` lists them.'
  throw new GeoduckError('BAD_INPUT', `\`only\` names \`${unknown}\`, which is no property of ${layer.name}.${hint}`)
}

/* Collects the representations of geometry in an operation: each is a column of the result. */

/** Maximum number of different pairs of `crs` and `simplify` in one operation. */
export const MOST_REPRESENTATIONS = 4

/** The CRS and tolerance arguments of a field. */
interface GeometryArguments {
  readonly crs?: InputMaybe<string> | undefined
  readonly simplify?: InputMaybe<number> | undefined
}

/** The representations of one root field, each once. @throws GeoduckError LIMIT_EXCEEDED if its operation has more than 4 */
export class Representations {
  readonly list: Representation[] = []
  readonly #layer: Layer
  readonly #operation: Pick<Operation, 'representations'>

  constructor(layer: Layer, operation: Pick<Operation, 'representations'>) {
    this.#layer = layer
    this.#operation = operation
  }

  /** Returns the index in the list. */
  add({ crs: code, simplify = null }: GeometryArguments): number {
    if (code !== null && code !== undefined) requireGeometry(this.#layer, 'crs')
    if (simplify !== null) requireGeometry(this.#layer, 'simplify')
    const crs = typeof code === 'string' ? readCrs(code, 'crs') : null
    const { crs: stored } = this.#layer
    const own = crs !== null && crs.code === stored?.code
    if (crs !== null && !(stored && sameCrs(crs, stored))) requireKnownCrs(this.#layer, 'crs')
    requireTolerance(simplify)
    const representation = { crs: own ? null : crs, simplify }
    this.#count(`${own ? '' : (crs?.code ?? '')} ${simplify}`)
    const index = this.list.findIndex((other) => other.crs?.code === representation.crs?.code && other.simplify === simplify)
    return index >= 0 ? index : this.list.push(representation) - 1
  }

  #count(pair: string): void {
    const { representations } = this.#operation
    representations.add(pair)
    if (representations.size > MOST_REPRESENTATIONS) {
      throw new GeoduckError(
        'LIMIT_EXCEEDED',
        `One operation takes at most ${MOST_REPRESENTATIONS} different pairs of \`crs\` and \`simplify\`; ask for the others in another one.`,
      )
    }
  }
}

function requireTolerance(simplify: number | null): void {
  if (simplify === null || (Number.isFinite(simplify) && simplify >= 0)) return
  throw new GeoduckError('BAD_INPUT', `\`simplify\` takes a finite number from 0 on, not ${simplify}.`)
}
