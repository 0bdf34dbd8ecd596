/** An example of the documentation: blocks that belong together, and how they are shown to be true. */
import type { ProgramResult } from '../../support/program.ts'

export interface Example {
  /** The languages of its blocks, which follow each other on the page. */
  readonly blocks: readonly string[]
  /** Null for what no test can run here. */
  readonly holds: ((place: Place, ...blocks: string[]) => Promise<void>) | null
  /** Why it is not run, or where else it is. */
  readonly otherwise?: string
}

/** A server of the demo's layers and of two of Natural Earth's, started as the program is, and a machine's folders to run commands in. */
export interface Place {
  /** Its origin. */
  readonly url: string
  /** The lines of its log, in JSON. */
  readonly log: () => readonly string[]
  /** The working directory of commands, `/srv/maps` in the documentation. */
  readonly folder: string
  /** Runs a command line with `geoduck` on its path, both outputs as one; the documentation's server is the one above. */
  shell(command: string, folder?: string): Promise<Pick<ProgramResult, 'code' | 'stdout'>>
}

/** @param why a sentence */
export const notRun = (blocks: readonly string[], why: string): Example => ({ blocks, holds: null, otherwise: why })
