/**
 * The type of a field's values: Arrow's logical types (Schema.fbs), its canonical extension types `uuid` and `json`, and what Arrow has no name
 * for. `Column.native` has the engine's own name.
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
  /** `bits` is null for whole numbers of any size. */
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64 | 128 | null; readonly signed: boolean }
  | { readonly kind: 'float'; readonly bits: 32 | 64 }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /** A time of day; `offset`: with its own offset from UTC. */
  | { readonly kind: 'time'; readonly unit: 'us' | 'ns'; readonly offset: boolean }
  /** `utc`: a moment; else what some clock showed. */
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

/** Its values are JSON: each has a type of its own. */
export function isJson({ kind }: FieldType): boolean {
  return kind === 'json' || kind === 'variant'
}

/** Decimal digits that a double holds without loss. */
const EXACT_DIGITS = 15

/** A decimal that is a number in JSON; a JSON reader's double could not hold others, which are text. */
export function isExact({ precision }: Extract<FieldType, { readonly kind: 'decimal' }>): boolean {
  return precision <= EXACT_DIGITS
}

/** Its values have parts in JSON, so they have no text that a member could be named by. */
export function isNested({ kind }: FieldType): boolean {
  return ['list', 'map', 'struct', 'union', 'variant', 'geometry'].includes(kind)
}

/** For messages: `int32`, `decimal`, `struct`. */
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
