/** How a worker process ended, and whether the plan that it ran may be the reason. */

/** As Node reports it: a code, or the signal that ended the process. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Death {
  /** For the log. */
  readonly words: string
  /** A plan can cause such an end. Nobody's plan sends SIGKILL or SIGTERM. */
  readonly byPlan: boolean
}

/** What a process does to itself: native code that reads where it may not, a failed assertion, V8 out of heap. */
const SELF_MADE: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP'])

export const FROZEN: Death = { words: 'it did not answer and was killed', byPlan: false }
export const UNKNOWN: Death = { words: 'its end is not known', byPlan: false }

/** `overMemory`: whether it had more memory than it may, or the kernel has just ended a process for want of memory. */
export function deathOf({ code, signal }: Exit, overMemory: () => boolean): Death {
  if (signal === null) return { words: `exit code ${code}`, byPlan: code !== 0 }
  if (signal === 'SIGKILL' && overMemory()) return { words: 'SIGKILL, for want of memory', byPlan: true }
  return { words: signal, byPlan: SELF_MADE.has(signal) }
}

/** A worker died under an execution. */
export class WorkerLost extends Error {
  readonly death: Death

  constructor(death: Death, cause: unknown) {
    super(`the worker ended: ${death.words}`, { cause })
    this.death = death
  }
}

/** A worker died while it was reserved, before its execution reached it. */
export class WorkerUnused extends Error {}
