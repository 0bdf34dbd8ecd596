import { statfsSync } from 'node:fs'
import { availableParallelism, totalmem } from 'node:os'

export interface Machine {
  readonly processors: number
  readonly memoryBytes: number
}

/** What this process may use: the machine, or its control group (a container) where that is less. */
export function machine(): Machine {
  // 0 where there is no limit, and a number beyond the machine's memory for "unlimited".
  const constrained = process.constrainedMemory()
  const total = totalmem()
  return { processors: availableParallelism(), memoryBytes: constrained > 0 ? Math.min(total, constrained) : total }
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
