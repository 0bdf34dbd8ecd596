import type { Problem } from '../model/layer.ts'

/** The error if no source holds a layer. Its message has a line per source. */
export class NothingToServe extends Error {
  override readonly name = 'NothingToServe'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ source, reason }) => `  ${source}: ${reason}`)
    super(['No layer can be served.', ...(lines.length > 0 ? lines : ['  The sources hold no file that is known.'])].join('\n'))
    this.problems = problems
  }
}
