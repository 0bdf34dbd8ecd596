/** Names that a column or a layer may have in GraphQL. */

/** A configured name: a small letter, then letters and digits, with single `_` that no capital follows. */
export const GRAPHQL_NAME = /^[a-z][A-Za-z0-9]*(?:_[a-z0-9][A-Za-z0-9]*)*$/

/**
 * Members of every object in TypeScript. An input type with such a field accepts no object literal without it, because the literal inherits a
 * function of that name.
 */
export const OBJECT_MEMBERS = [
  'constructor',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  'toString',
  'valueOf',
] as const

/** Names that a column cannot have: fields of every feature, and members of every filter. */
export const RESERVED_FIELDS: ReadonlySet<string> = new Set([
  'id',
  'key',
  'layer',
  'geometry',
  'bbox',
  'properties',
  'geojson',
  '__typename',
  'and',
  'or',
  'not',
  ...OBJECT_MEMBERS,
])

/** Returns the enum value of a field: the name in capitals, with `_` between its words: `popMax` -> `POP_MAX`. */
export function inCapitals(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()
}

/** Returns the beginning of the names of types: `myRoads` -> `MyRoads`. */
export function inPascalCase(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1)
}
