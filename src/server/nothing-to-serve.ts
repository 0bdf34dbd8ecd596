import type { Problem } from '../model/layer.ts'

/** None of the sources holds a layer. The message has a line for each. */
export class NothingToServe extends Error {
  override readonly name = 'NothingToServe'
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(({ source, reason }) => `  ${source}: ${reason}`)
    super(['No layer can be served.', ...(lines.length > 0 ? lines : ['  The sources hold no file that is known.'])].join('\n'))
    this.problems = problems
  }
}
