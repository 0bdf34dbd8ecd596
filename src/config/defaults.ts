import { tmpdir } from 'node:os'
import { freeDiskBytes, type Machine } from './machine.ts'

const MOST_MEMORY = 4e9
const LEAST_MEMORY = 128e6
/** Measured memory of a worker's process besides its engine, and of the server. */
const BESIDE_ENGINE = 160e6
const OF_SERVER = 150e6
/**
 * Share of all memory when the caches of the engines are full. It is below the 80 % from which new work starts in the serial
 * lane.
 */
const MOST_SHARE = 0.75
const MOST_THREADS = 4
const MOST_SPILL = 20e9
const LEAST_SPILL = 100e6
const MOST_UNREAD = 256e6
const MOST_CONNECTIONS = 4_096

export interface MachineDefaults {
  readonly workers: number
  readonly threads: number
  readonly memoryLimitBytes: number
  readonly tempDirectory: string
  readonly tempDirectoryBytes: number
  readonly unreadBytes: number
  readonly maxConnections: number
}

/**
 * The machine's share of each worker.
 *
 * Half of the memory is for the engines. The rest is for what they allocate outside of their accounting, for the encoders, the operating
 * system's file cache and the server. On machines with less than 3 GB the processes need more than the rest, so the engines get less. The
 * worker of the serial lane gets half of a normal worker's share.
 */
export function machineDefaults({ processors, memoryBytes, openFiles }: Machine): MachineDefaults {
  const workers = Math.max(2, Math.floor(processors / 2))
  const left = MOST_SHARE * memoryBytes - (workers + 1) * BESIDE_ENGINE - OF_SERVER
  const share = Math.min(memoryBytes / 2, left) / (workers + 0.5)
  const tempDirectory = tmpdir()
  return {
    workers,
    threads: Math.min(MOST_THREADS, processors),
    memoryLimitBytes: Math.floor(Math.max(LEAST_MEMORY, Math.min(MOST_MEMORY, share))),
    tempDirectory,
    tempDirectoryBytes: Math.floor(Math.max(LEAST_SPILL, Math.min(MOST_SPILL, freeDiskBytes(tempDirectory) / 2 / (workers + 1)))),
    unreadBytes: Math.floor(Math.min(MOST_UNREAD, memoryBytes / 8)),
    maxConnections: Math.min(MOST_CONNECTIONS, Math.floor(openFiles / 2)),
  }
}
