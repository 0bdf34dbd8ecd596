/** The reason why something is not imported, in words for a user. `reasonOf` does the same for errors of the engine. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}
