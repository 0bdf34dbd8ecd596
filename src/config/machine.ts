import { readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'

const LEAST_OPEN_FILES = 1_024

export interface Machine {
  readonly processors: number
  readonly memoryBytes: number
  /** Maximum number of files and connections that a process may have open. */
  readonly openFiles: number
}

/** The resources of this process: those of the machine, or of its control group (a container) if that has less. */
export function machine(): Machine {
  // 0 if there is no limit, and a number above the machine's memory for "unlimited".
  const constrained = process.constrainedMemory()
  const total = totalmem()
  return {
    processors: availableParallelism(),
    memoryBytes: constrained > 0 ? Math.min(total, constrained) : total,
    openFiles: openFiles(),
  }
}

/**
 * Node raises its limit to the hard limit when it starts, so this is the limit. If it is unknown, this is the usual minimum of
 * systems.
 */
function openFiles(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? LEAST_OPEN_FILES : Number(soft)
  } catch {
    return LEAST_OPEN_FILES
  }
}

/** Free bytes on the folder's disk. 0 if the folder does not exist. */
export function freeDiskBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return 0
  }
}
