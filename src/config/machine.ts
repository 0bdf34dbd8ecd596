import { readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'

const LEAST_OPEN_FILES = 1_024

export interface Machine {
  readonly processors: number
  readonly memoryBytes: number
  /** Most files and connections that a process may have open. */
  readonly openFiles: number
}

/** What this process may use: the machine, or its control group (a container) where that is less. */
export function machine(): Machine {
  // 0 where there is no limit, and a number beyond the machine's memory for "unlimited".
  const constrained = process.constrainedMemory()
  const total = totalmem()
  return {
    processors: availableParallelism(),
    memoryBytes: constrained > 0 ? Math.min(total, constrained) : total,
    openFiles: openFiles(),
  }
}

/** Node raises its limit to the hard one when it starts, so that this is what holds. Where nothing says so it is what systems give at least. */
function openFiles(): number {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? LEAST_OPEN_FILES : Number(soft)
  } catch {
    return LEAST_OPEN_FILES
  }
}

/** What may still be written to the folder's disk; 0 if the folder is not there. */
export function freeDiskBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder)
    return bavail * bsize
  } catch {
    return 0
  }
}
