/**
 * The type of a field's values: Arrow's logical types (Schema.fbs), its canonical extension types `uuid` and `json`, and types that Arrow does
 * not name. `Field.native` has the engine's type name.
 */
export type FieldType =
  | {
      readonly kind:
        | 'bool'
        | 'utf8'
        | 'binary'
        | 'date'
        | 'interval'
        | 'uuid'
        | 'json'
        | 'bits'
        | 'variant'
        | 'geometry'
        | 'other'
    }
  /** `bits` is null for integers of any size. */
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64 | 128 | null; readonly signed: boolean }
  | { readonly kind: 'float'; readonly bits: 32 | 64 }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /** A time of day. `offset`: true if each value has its own offset from UTC. */
  | { readonly kind: 'time'; readonly unit: 'us' | 'ns'; readonly offset: boolean }
  /** `utc`: true for a moment, false for local time without a zone. */
  | { readonly kind: 'timestamp'; readonly unit: 's' | 'ms' | 'us' | 'ns'; readonly utc: boolean }
  /** Labels in their order. */
  | { readonly kind: 'dictionary'; readonly values: readonly string[] }
  | { readonly kind: 'list'; readonly child: FieldType }
  | { readonly kind: 'map'; readonly key: FieldType; readonly value: FieldType }
  | { readonly kind: 'struct' | 'union'; readonly fields: readonly FieldMember[] }

export interface FieldMember {
  readonly name: string
  readonly type: FieldType
}

/** True if values are JSON, each with its own type. */
export function isJson({ kind }: FieldType): boolean {
  return kind === 'json' || kind === 'variant'
}

/** Decimal digits that a double represents exactly. */
const EXACT_DIGITS = 15

/**
 * True if the decimal is a number in JSON. Larger decimals are strings, because a JSON reader's double could not represent
 * them.
 */
export function isExact({ precision }: Extract<FieldType, { readonly kind: 'decimal' }>): boolean {
  return precision <= EXACT_DIGITS
}

/** True if values have parts in JSON. Such a value has no text form that could name a member. */
export function isNested({ kind }: FieldType): boolean {
  return ['list', 'map', 'struct', 'union', 'variant', 'geometry'].includes(kind)
}

/** Returns the name for messages: `int32`, `decimal`, `struct`. */
export function typeName(type: FieldType): string {
  switch (type.kind) {
    case 'int':
      return `${type.signed ? '' : 'u'}int${type.bits ?? ''}`
    case 'float':
      return `float${type.bits}`
    default:
      return type.kind
  }
}
