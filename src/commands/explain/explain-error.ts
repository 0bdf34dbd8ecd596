/** What keeps a plan from being told, in words for the one who asked. */
export class ExplainError extends Error {
  override readonly name = 'ExplainError'
}
