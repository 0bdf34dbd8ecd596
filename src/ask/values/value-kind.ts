/**
 * Describes how a client's values of one type are read. A value that was read is text: every type has one text form, exact in
 * both directions.
 */
export interface ValueKind {
  /** The form of a client value, for messages, such as `a whole number`. */
  readonly takes: string
  /** Returns the place of a client's value among the values of the type. Null if it is no such value. */
  readonly place: (value: unknown) => Comparand | null
}

/**
 * `at`: the text form of the largest value of the type that is not above the client's value; `exact`: true if both are equal. BELOW and ABOVE: the
 * client's value is outside the range of the type. So `1.5` compares correctly with integers, and 300 with bytes.
 */
export type Comparand = { readonly at: string; readonly exact: boolean } | 'BELOW' | 'ABOVE'

export function exactComparand(at: string): Comparand {
  return { at, exact: true }
}
