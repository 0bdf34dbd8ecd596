/** How a client's values of one type are read. A value that was read is text: every type has one text form, exact both ways. */
export interface ValueKind {
  /** What a client's value looks like, e.g. `a whole number`. */
  readonly takes: string
  /** Where a client's value lies among those of the type; null: it is none. */
  readonly place: (value: unknown) => Comparand | null
}

/**
 * `at`: the text form of the largest value of the type that is not above the client's; `exact`: it is the client's. BELOW and
 * ABOVE: the client's lies outside the type's range. So `1.5` compares rightly with integers, and 300 with bytes.
 */
export type Comparand = { readonly at: string; readonly exact: boolean } | 'BELOW' | 'ABOVE'

export function exactComparand(at: string): Comparand {
  return { at, exact: true }
}
