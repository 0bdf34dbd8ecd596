/**
 * Tests that may fail once and pass at the second try. Any other test that does so fails the run.
 */
export interface KnownFlaky {
  /** The full name, as the closing lines print it. */
  readonly name: string
  readonly reason: string
  /** ISO 8601 date of the entry. */
  readonly since: string
}

export const KNOWN_FLAKY: readonly KnownFlaky[] = []
