/**
 * Reads GeoJSON: a document, one feature per line, or a text sequence. The file is read twice: first to find the properties and their types. RFC 7946,
 * RFC 8142, and the `crs` of the GeoJSON of 2008.
 */
import { isTypeName } from '../../../../geometry/geometry-type.ts'
import { LON_LAT } from '../../../../model/layer.ts'
import { freeName } from '../prepare/geometry-name.ts'
import { BlockFile } from './blocks.ts'
import { GeoJsonWriter, moreNumbers } from './geojson-wkb.ts'
import { JsonColumn, readValue } from './json-columns.ts'
import { type Json, type JsonObject, JsonParser } from './json-parser.ts'
import {
  type DeclaredCrs,
  Faults,
  FEATURE_NUMBER,
  type FeatureReader,
  plural,
  type ReadColumn,
  type ReadFeature,
} from './reader.ts'

/** The engine's tables become very slow above it. */
const MOST_COLUMNS = 10_000

/** @throws Error with the reason why the file is no GeoJSON, or is not whole */
export async function openGeoJson(path: string): Promise<FeatureReader> {
  const file = new BlockFile(path)
  try {
    return new GeoJson(file)
  } catch (error) {
    file.close()
    throw error
  }
}

/** A value where a feature is expected. */
interface Member {
  /** A geometry without a feature around it has the type of the geometry. */
  readonly kind: 'FEATURE' | 'GEOMETRY'
  readonly members: JsonObject
}

class GeoJson implements FeatureReader {
  readonly columns: readonly ReadColumn[]
  readonly geometryName = null
  readonly total: number
  readonly crs: DeclaredCrs
  readonly #file: BlockFile
  readonly #names: readonly string[]
  readonly #id: 'NONE' | 'NUMBER' | 'VALUE' | 'TEXT'
  readonly #geometryFaults = new Faults()
  readonly #moreNumbers = new Faults()
  /** Values that are no feature. */
  readonly #others = new Faults()
  readonly #kinds = new Map<string, number>()
  #crs: Json | undefined
  #replaced = 0

  constructor(file: BlockFile) {
    this.#file = file
    const columns = new Map<string, JsonColumn>()
    const ids = { texts: 0, integers: 0, others: 0 }
    let features = 0
    for (const { kind, members } of this.#members(true)) {
      features++
      if (kind === 'GEOMETRY') continue
      countId(ids, members.get('id'))
      const properties = members.get('properties')
      if (!(properties instanceof Map)) continue
      for (const [name, value] of properties as JsonObject) {
        let column = columns.get(name)
        if (!column) {
          column = new JsonColumn()
          columns.set(name, column)
          if (columns.size > MOST_COLUMNS) throw new Error(`it has more than ${MOST_COLUMNS} different properties`)
        }
        column.add(value)
      }
    }
    this.total = features
    this.#names = [...columns.keys()]
    this.crs = declaredCrs(this.#crs)
    const properties = this.#names.map((name) => columns.get(name)!.column(name))
    this.#id = idOf(ids, this.#names)
    this.columns = [...idColumns(this.#id, this.#names), ...properties]
  }

  *features(): Iterable<ReadFeature> {
    this.#others.count = 0
    this.#kinds.clear()
    const writer = new GeoJsonWriter()
    const types = this.columns.slice(this.#id === 'NONE' ? 0 : 1).map(({ type }) => type)
    let index = 0
    for (const { kind, members } of this.#members(false)) {
      const properties = members.get('properties')
      const given = kind === 'FEATURE' && properties instanceof Map ? (properties as JsonObject) : null
      const values = types.map((type, at) => (given ? readValue(given.get(this.#names[at]!), type) : null))
      const id =
        this.#id === 'NUMBER'
          ? [index]
          : this.#id === 'NONE'
            ? []
            : [readValue(members.get('id'), this.#id === 'TEXT' ? 'VARCHAR' : 'BIGINT')]
      yield { values: [...id, ...values], wkb: this.#wkb(writer, kind === 'GEOMETRY' ? members : members.get('geometry'), index) }
      index++
    }
  }

  problems(): readonly string[] {
    const kinds = [...this.#kinds].map(([kind, count]) => `${count} ${kind}`).join(', ')
    return [
      ...this.#others.problem(
        (count) => `${count} of its ${count + this.total} members are no features and are not served: ${kinds}`,
      ),
      ...this.#geometryFaults.problem((count) => `the geometry of ${count} of its features cannot be read and is null`),
      ...this.#moreNumbers.problem(moreNumbers),
      ...(this.#replaced > 0
        ? [
            `${plural(this.#replaced, 'of its texts is', 'of its texts are')} no UTF-8, or half of a surrogate pair: the replacement character U+FFFD is served`,
          ]
        : []),
    ]
  }

  close(): void {
    this.#file.close()
  }

  #wkb(writer: GeoJsonWriter, geometry: Json | undefined, index: number): Uint8Array | null {
    try {
      const wkb = writer.wkb(geometry)
      if (writer.hasMore) this.#moreNumbers.add(`feature ${index}`)
      return wkb
    } catch (error) {
      this.#geometryFaults.add(`feature ${index}: ${(error as Error).message}`)
      return null
    }
  }

  /** @param isSkipping true to leave the geometry out */
  *#members(isSkipping: boolean): Iterable<Member> {
    const parser = new JsonParser(this.#file)
    while (!parser.isAtEnd()) yield* this.#document(parser, isSkipping)
    this.#replaced = parser.replaced
  }

  /** One document: a collection, whose features are read one by one, or a single feature. */
  *#document(parser: JsonParser, isSkipping: boolean): Iterable<Member> {
    if (!parser.takes('{')) {
      const value = parser.value()
      this.#other(value)
      return
    }
    const members = new Map<string, Json>()
    let hasFeatures = false
    if (!parser.takes('}')) {
      do {
        const name = parser.name()
        if (name === 'features' && parser.isList()) {
          hasFeatures = true
          yield* this.#features(parser, isSkipping)
        } else if (isSkipping && GEOMETRY_MEMBERS.has(name)) {
          parser.skip()
          members.set(name, null)
        } else members.set(name, parser.value(!GEOMETRY_MEMBERS.has(name)))
      } while (parser.takes(','))
      if (!parser.takes('}')) throw parser.wrong('an object is not closed')
    }
    if (members.has('crs')) this.#crs ??= members.get('crs')
    if (hasFeatures) return
    const kind = kindOf(members)
    if (kind) yield { kind, members }
    else this.#other(members)
  }

  *#features(parser: JsonParser, isSkipping: boolean): Iterable<Member> {
    parser.takes('[')
    if (parser.takes(']')) return
    do {
      const members = parser.feature(isSkipping)
      const kind = members && kindOf(members)
      if (kind === 'FEATURE') yield { kind, members: members! }
      else this.#other(members)
    } while (parser.takes(','))
    if (!parser.takes(']')) throw parser.wrong('the list of features is not closed')
  }

  #other(value: Json): void {
    const type = value instanceof Map ? value.get('type') : undefined
    const kind =
      value instanceof Map
        ? type === undefined
          ? 'without a type'
          : `of the type ${JSON.stringify(String(type)).slice(0, 40)}${type === 'FeatureCollection' && !Array.isArray(value.get('features')) ? ' without a list of features' : ''}`
        : 'null or no object'
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1)
    this.#others.add(kind)
  }
}

const GEOMETRY_MEMBERS = new Set(['geometry', 'coordinates', 'geometries'])

function kindOf(members: JsonObject): Member['kind'] | null {
  const type = members.get('type')
  if (type === 'Feature') return 'FEATURE'
  return isTypeName(type) ? 'GEOMETRY' : null
}

interface IdCounts {
  texts: number
  integers: number
  others: number
}

function countId(ids: IdCounts, id: Json | undefined): void {
  if (id === undefined || id === null) return
  if (typeof id === 'string') ids.texts++
  else if (typeof id === 'bigint' ? BigInt.asIntN(64, id) === id : typeof id === 'number' && Number.isInteger(id)) ids.integers++
  else ids.others++
}

/** NUMBER: features are numbered, because none has an id. VALUE: ids are integers. TEXT: ids of several types, or texts. */
function idOf({ texts, integers, others }: IdCounts, properties: readonly string[]): 'NONE' | 'NUMBER' | 'VALUE' | 'TEXT' {
  if (texts + others > 0) return 'TEXT'
  if (integers > 0) return 'VALUE'
  return properties.some((name) => name.toUpperCase() === FEATURE_NUMBER) ? 'NONE' : 'NUMBER'
}

function idColumns(id: 'NONE' | 'NUMBER' | 'VALUE' | 'TEXT', properties: readonly string[]): ReadColumn[] {
  if (id === 'NONE') return []
  if (id === 'TEXT') return [{ name: freeName(['id', 'feature_id'], properties), type: 'VARCHAR' }]
  return [{ name: freeName([FEATURE_NUMBER, 'id', 'feature_id'], properties), type: 'BIGINT' }]
}

/** Names of OGC:CRS84, or of the CRS that everybody uses for it, with x first. */
const LON_LAT_CODE = /^(OGC:(CRS)?84|EPSG:4326)$/i

/** @throws Error if it is a link, which is never followed */
function declaredCrs(crs: Json | undefined): DeclaredCrs {
  if (crs === undefined) return { kind: 'CODE', code: LON_LAT, wkt: null }
  // "If the value of CRS is null, no CRS can be assumed." (2008)
  if (!(crs instanceof Map)) return { kind: 'NONE' }
  const [type, given] = [crs.get('type'), crs.get('properties')]
  const properties = (given instanceof Map ? given : new Map()) as JsonObject
  const [name, code, href] = [properties.get('name'), properties.get('code'), properties.get('href') ?? properties.get('url')]
  const target =
    typeof href === 'string'
      ? href
      : typeof name === 'string' && codeOf(name) === null && /^\s*(\w+:\/\/|\/)/.test(name)
        ? name
        : null
  if (target !== null || /^(link|url)$/i.test(String(type)))
    throw new Error(`its crs is a link${toWhere(target)}, which is not followed: ${REMEDY}`)
  if (typeof name === 'string') return known(codeOf(name) ?? name)
  return known(code === undefined || code === null ? 'without a name' : `EPSG:${String(code)}`)
}

const known = (code: string): DeclaredCrs => ({ kind: 'CODE', code: LON_LAT_CODE.test(code) ? LON_LAT : code, wkt: null })

const REMEDY = 'name the CRS instead, as in {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}'

function toWhere(target: string | null): string {
  const host = /^\s*(?:\w+:\/\/|\/vsi\w+\/)+([^/"'\s]*)/i.exec(target ?? '')?.[1]
  return host ? ` to ${host}` : ''
}

/** Reads `urn:ogc:def:crs:EPSG::25832`, `EPSG:25832`, and OGC's links, which are names. Null for other names. */
function codeOf(name: string): string | null {
  const text = name.trim()
  const found =
    /^urn:(?:x-)?ogc:def:crs:(\w+):[^:]*:(\w+)$/i.exec(text) ??
    /^https?:\/\/(?:www\.)?opengis\.net\/def\/crs\/(\w+)\/[^/]*\/(\w+)\/?$/i.exec(text) ??
    /^https?:\/\/(?:www\.)?opengis\.net\/gml\/srs\/(\w+)\.xml#(\w+)$/i.exec(text) ??
    /^(\w+):{1,2}(\w+)$/.exec(text)
  return found ? `${found[1]!.toUpperCase()}:${found[2]!.toUpperCase()}` : /^CRS:?84$/i.test(text) ? LON_LAT : null
}
