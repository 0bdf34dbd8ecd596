/**
 * Names of layers and columns in GraphQL. They are pure functions of the set of names, so they do not depend on an order.
 *
 * 1. A name is written in camelCase. `_`, `-`, `.` and spaces separate words; a word without small letters becomes small.
 *    Accents are dropped. A word that begins with a digit keeps a `_` before it: `roads_2` is not `roads2`.
 * 2. A reserved name of a column gets `_` at its end.
 * 3. A name gets `_` and six hexadecimal digits of the SHA-256 of the original text if it lost other characters, or if another layer
 *    or column has the name too, also in capitals. A layer or column whose own name is exactly the name in GraphQL keeps it.
 * 4. A configured name comes first.
 */
import { hash } from 'node:crypto'
import { type GraphQLSchema, isIntrospectionType } from 'graphql'
import type { FieldMember } from '../../model/field-type.ts'
import { inCapitals, inPascalCase, OBJECT_MEMBERS, RESERVED_FIELDS } from '../../model/graphql-name.ts'
import type { Field, Layer } from '../../model/layer.ts'

/** Characters of a digest that distinguish two names. */
const DIGEST_CHARACTERS = 6

/** A name in GraphQL for which another one may ask too. */
interface Wish {
  /** The name of the layer or column. */
  readonly own: string
  readonly name: string
  /** True if it is configured, so that it never changes. */
  readonly isFixed: boolean
  /** False if it lost characters. */
  readonly isWhole: boolean
}

/** Returns the name in camelCase. `otherwise` is the name if nothing is left. */
function wishOf(own: string, configured: string | undefined, otherwise: string): Wish {
  if (configured !== undefined) return { own, name: configured, isFixed: true, isWhole: true }
  const plain = own.normalize('NFKD').replace(/\p{M}/gu, '')
  const words = plain
    .replace(/[^A-Za-z0-9_\-. ]/g, '')
    .split(/[_\-. ]+/)
    .filter((word) => word !== '')
  const isWhole = words.length > 0 && !/[^A-Za-z0-9_\-. ]/.test(plain)
  return { own, name: words.map(inCamelCase).join('') || otherwise, isFixed: false, isWhole }
}

function inCamelCase(word: string, index: number): string {
  const small = /[a-z]/.test(word) ? word : word.toLowerCase()
  if (/^\d/.test(word)) return `_${small}`
  return index === 0 ? small.charAt(0).toLowerCase() + small.slice(1) : inPascalCase(small)
}

/** Returns a name with a digest of the own name. The digest is longer if a hostile name has been made to equal it. */
function withDigest({ own, name }: Pick<Wish, 'own' | 'name'>, isFree: (name: string) => boolean): string {
  const digest = hash('sha256', own)
  for (let length = DIGEST_CHARACTERS; ; length += DIGEST_CHARACTERS) {
    const unique = `${name}_${digest.slice(0, length)}`
    if (isFree(unique) || length > digest.length) return unique
  }
}

/* Columns */

/** The names of a column in GraphQL. */
export interface ColumnName {
  readonly field: string
  /** The enum value. */
  readonly value: string
}

const ofColumns = new WeakMap<readonly Field[], ReadonlyMap<string, ColumnName>>()

/** Returns the names of a layer's columns, by the column's name. */
export function columnNames({ columns }: Pick<Layer, 'columns'>): ReadonlyMap<string, ColumnName> {
  const known = ofColumns.get(columns) ?? uniqueNames(columns, RESERVED_FIELDS)
  ofColumns.set(columns, known)
  return known
}

/** A member `isNull` would be a test in a filter. A cache takes `id` for the identity of an object, and would join structs with equal ids. */
const RESERVED_MEMBERS: ReadonlySet<string> = new Set(['id', 'isNull', '__typename', ...OBJECT_MEMBERS])

const ofMembers = new WeakMap<readonly FieldMember[], ReadonlyMap<string, ColumnName>>()

/** Returns the names of a struct's members, by the member's name. */
export function memberNames(members: readonly FieldMember[]): ReadonlyMap<string, ColumnName> {
  const known = ofMembers.get(members) ?? uniqueNames(members, RESERVED_MEMBERS)
  ofMembers.set(members, known)
  return known
}

function uniqueNames(
  columns: readonly Pick<Field, 'name' | 'graphqlName'>[],
  reserved: ReadonlySet<string>,
): ReadonlyMap<string, ColumnName> {
  const wishes = columns.map(({ name, graphqlName }) => wishOf(name, graphqlName, 'column'))
  const claims = Map.groupBy(
    wishes.map((wish) => ({ ...wish, claim: reserved.has(wish.name) ? `${wish.name}_` : wish.name })),
    ({ claim }) => inCapitals(claim),
  )
  const names = new Map<string, ColumnName>()
  const used = new Set<string>()
  const keep = (own: string, field: string, value: string) => {
    used.add(field).add(value)
    names.set(own, { field, value })
  }
  const changed: Wish[] = []
  for (const [value, rivals] of claims) {
    const isAsked = rivals.some(({ isFixed }) => isFixed)
    const keepers = rivals.filter(({ own, claim, isFixed, isWhole }) =>
      isAsked ? isFixed : own === claim || (isWhole && rivals.length === 1),
    )
    // Only names that differ in capitals alone are several: `aBC` and `aBc`.
    for (const { own, claim } of keepers)
      keep(own, claim, keepers.length === 1 ? value : withDigest({ own, name: value }, () => true).toUpperCase())
    changed.push(...rivals.filter((rival) => !keepers.includes(rival)))
  }
  for (const wish of changed.sort((a, b) => (a.own < b.own ? -1 : 1))) {
    const field = withDigest(wish, (name) => !used.has(name) && !used.has(inCapitals(name)))
    keep(wish.own, field, inCapitals(field))
  }
  return names
}

/* Layers */

/** The names of a layer in GraphQL. */
export interface LayerName {
  /** The root field. The names of its other root fields begin with it. */
  readonly field: string
  /** The beginning of the names of its types. */
  readonly type: string
}

/** The part of a layer that its names depend on. */
export type NamedLayer = Pick<Layer, 'name' | 'tailoring'>

/** Endings of the names of a layer's root fields, beside the name itself. */
const ROOT_ENDINGS = ['Feature', 'Aggregate', 'Nearest', 'Changes'] as const
/** Endings of the names of a layer's types. No ending is the end of another one, except with one of `LONGER` before it. */
const TYPE_ENDINGS = [
  'Feature',
  'FeatureInput',
  'FeatureSetInput',
  'Connection',
  'Edge',
  'Batch',
  'Filter',
  'Order',
  'Column',
  'Group',
  'Keys',
  'Aggregates',
  'GroupCondition',
  'Moment',
  'TimeBucket',
  'ChangeEvent',
  'SnapshotBatch',
  'ChangeBatch',
  'ChangedFeatures',
] as const
/**
 * A layer whose name is another layer's name with one of these would have a root field or a type of the other layer. The types of a struct `st`
 * of the layer `roads` are `Roads_St` and `RoadsFilter_St`, and those of a layer `roads_filter` would begin with the second one.
 */
const LONGER = [...ROOT_ENDINGS, 'Group', 'Filter', 'Snapshot', 'Change'] as const

/**
 * Returns the names of layers, by the layer's name. `reserved` is from `reservedNames`. Of two layers `roads` and
 * `roads_feature`, the second one gets the digest, because `roadsFeature` is a root field of the first one.
 */
export function layerNames(layers: readonly NamedLayer[], reserved: ReadonlySet<string>): ReadonlyMap<string, LayerName> {
  const work = naming(layers, reserved)
  for (;;) {
    const { done, value } = work.next()
    if (done) return value
  }
}

/** Layers after which other work may run. 10,000 layers take 40 to 90 ms together. */
const LAYERS_PER_STEP = 200

/** Does the work of `layerNames` in steps. */
export function* naming(
  layers: readonly NamedLayer[],
  reserved: ReadonlySet<string>,
): Generator<undefined, ReadonlyMap<string, LayerName>> {
  const wishes: Wish[] = []
  for (const { name, tailoring } of layers) {
    if (wishes.push(wishOf(name, tailoring?.graphqlName ?? undefined, 'layer')) % LAYERS_PER_STEP === 0) yield
  }
  const claims = Map.groupBy(wishes, ({ name }) => inPascalCase(name))
  const fixed = new Set(wishes.flatMap(({ name, isFixed }) => (isFixed ? [name] : [])))
  const isTaken = (name: string) =>
    reserved.has(name) ||
    longerNames(name).some((longer) => fixed.has(longer)) ||
    shorterNames(name).some((shorter) => claims.has(inPascalCase(shorter)))
  const used = new Set<string>()
  const names = new Map<string, LayerName>()
  const keep = (own: string, field: string) => {
    used.add(field)
    names.set(own, { field, type: inPascalCase(field) })
  }
  const changed: Wish[] = []
  let named = 0
  for (const rivals of claims.values()) {
    if (++named % LAYERS_PER_STEP === 0) yield
    const isAsked = rivals.some(({ isFixed }) => isFixed)
    for (const wish of rivals) {
      const { own, name, isFixed, isWhole } = wish
      const keeps = isAsked ? isFixed : (own === name || (isWhole && rivals.length === 1)) && !isTaken(name)
      if (keeps) keep(own, name)
      else changed.push(wish)
    }
  }
  const isFree = (name: string) => !used.has(name) && !longerNames(name).some((longer) => used.has(longer))
  for (const wish of changed.sort((a, b) => (a.own < b.own ? -1 : 1))) {
    if (++named % LAYERS_PER_STEP === 0) yield
    keep(wish.own, withDigest(wish, isFree))
  }
  return names
}

/** Returns true if it is the name of one of the layer's root fields. */
export function isRootFieldOf(field: string, { field: root }: LayerName): boolean {
  return field === root || ROOT_ENDINGS.some((ending) => field === root + ending)
}

/** Returns the layer's name in GraphQL, and the ending, if it is one of its root fields. */
export function partsOfRootField(field: string): { readonly root: string; readonly ending: string } {
  const ending = ROOT_ENDINGS.find((one) => field.endsWith(one) && field !== one) ?? ''
  return { root: field.slice(0, field.length - ending.length), ending }
}

function longerNames(name: string): readonly string[] {
  return LONGER.map((ending) => name + ending)
}

function shorterNames(name: string): readonly string[] {
  return LONGER.filter((ending) => name.endsWith(ending) && name !== ending).map((ending) => name.slice(0, -ending.length))
}

/** Returns the names that no layer may have, because one of its root fields or types would equal one of the generic schema. */
export function reservedNames(generic: GraphQLSchema): ReadonlySet<string> {
  const roots = [generic.getQueryType(), generic.getSubscriptionType(), generic.getMutationType()]
  const fields = roots.flatMap((root) => Object.keys(root?.getFields() ?? {}))
  const types = Object.values(generic.getTypeMap()).flatMap((type) => (isIntrospectionType(type) ? [] : [type.name]))
  return new Set([
    ...fields.flatMap((field) => [field, ...without(field, ROOT_ENDINGS)]),
    ...types.flatMap((type) => without(type, TYPE_ENDINGS)).map((name) => name.charAt(0).toLowerCase() + name.slice(1)),
  ])
}

function without(name: string, endings: readonly string[]): string[] {
  return endings.filter((ending) => name.endsWith(ending)).map((ending) => name.slice(0, -ending.length))
}

/**
 * Returns what is wrong with the configured names of layers, a sentence for each: a reserved name, or one that another layer
 * has.
 */
export function layerNameFaults(
  layers: readonly { readonly name: string; readonly graphqlName?: string | undefined }[],
  reserved: ReadonlySet<string>,
): readonly string[] {
  const asked = new Map<string, string>()
  for (const { name, graphqlName } of layers) if (graphqlName !== undefined) asked.set(graphqlName, name)
  return [...asked].flatMap(([wanted, layer]) => {
    if (reserved.has(wanted)) return `layer ${layer}: its graphqlName \`${wanted}\` belongs to the generic schema; choose another`
    const shorter = shorterNames(wanted).find((name) => asked.has(name))
    if (shorter === undefined) return []
    const other = asked.get(shorter)!
    return `layers ${other} and ${layer}: \`${wanted}\`, the graphqlName of ${layer}, is a root field or a type of ${other}, whose graphqlName is \`${shorter}\`; choose another for one of them`
  })
}
