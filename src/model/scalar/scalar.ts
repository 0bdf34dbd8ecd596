/**
 * A type whose values have an order and can be compared with a client's. Values go to the engine and come from it (sort keys) as
 * text; every type has one text form, exact both ways, and one cast.
 */
export interface Scalar {
  /** What a client's value looks like, e.g. `a whole number`. */
  readonly takes: string
  /** Where a client's value lies among those of the type; null: it is none. */
  place(value: unknown): Place | null
  /** SQL of what is compared and sorted by, from the SQL of the column. */
  subject(column: string): string
  /** SQL of a subject's text form. */
  text(subject: string): string
  /** SQL of the subject from that of its text form. It never fails on a text that `place` or `text` gave. */
  cast(text: string): string
  /** For types that long lists are searched fast in: a number from 0 to 255, the same for equal values, here and in SQL. */
  readonly bucket?: { of(text: string): number; sql(subject: string): string }
}

/**
 * `at`: the text form of the largest value of the type that is not above the client's; `exact`: it is the client's. BELOW and
 * ABOVE: the client's lies outside the type's range. So `1.5` compares rightly with integers, and 300 with bytes.
 */
export type Place = { readonly at: string; readonly exact: boolean } | 'BELOW' | 'ABOVE'

export function exactly(at: string): Place {
  return { at, exact: true }
}

/** A scalar whose text form is DuckDB's own. */
export function plain(type: string, takes: string, place: Scalar['place']): Scalar {
  return {
    takes,
    place,
    subject: (column) => column,
    text: (subject) => `CAST(${subject} AS VARCHAR)`,
    cast: (text) => `CAST(${text} AS ${type})`,
  }
}
