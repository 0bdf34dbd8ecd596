/** Why something is not imported, in words for whoever runs the command; what the engine throws is put in words by `reasonOf`. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}
