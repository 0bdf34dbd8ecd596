/** Describes how a worker process ended, and whether the plan that it ran can be the cause. */

/** The exit of a process as Node reports it: a code, or the signal that ended the process. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Death {
  /** Description for the log. */
  readonly description: string
  /** True if a plan can cause such an end. No plan sends SIGKILL or SIGTERM. */
  readonly byPlan: boolean
}

/** Signals that a process causes itself: native code reads invalid memory, an assertion fails, V8 has no more heap. */
const SELF_MADE: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP'])

export const FROZEN: Death = { description: 'it did not answer and was killed', byPlan: false }
export const UNKNOWN: Death = { description: 'its end is not known', byPlan: false }

/**
 * Describes an exit. `overMemory` returns true if the process was above its memory limit, or if the kernel has just killed one
 * for memory.
 */
export function deathOf({ code, signal }: Exit, overMemory: () => boolean): Death {
  if (signal === null) return { description: `exit code ${code}`, byPlan: code !== 0 }
  if (signal === 'SIGKILL' && overMemory()) return { description: 'SIGKILL, because memory ran out', byPlan: true }
  return { description: signal, byPlan: SELF_MADE.has(signal) }
}

/** The error of an execution whose worker died while it ran. */
export class WorkerLost extends Error {
  readonly death: Death

  constructor(death: Death, cause: unknown) {
    super(`the worker ended: ${death.description}`, { cause })
    this.death = death
  }
}

/** The error of an execution whose worker died before the execution started. */
export class WorkerUnused extends Error {}
