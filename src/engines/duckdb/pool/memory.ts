/**
 * Measures how near a worker is to a memory limit: the limit of its address space (RLIMIT_AS), of its control group, or of its
 * resident memory. The nearest limit decides. Linux reports all of them in files, which take microseconds to read. On other
 * systems nothing is known, and there is never memory pressure.
 */

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { MemoryShare } from '../../engine.ts'

const NONE: MemoryShare = { share: 0, limit: null }

/**
 * Returns the share of the nearest limit. `residentBytes` is the limit of a worker's resident memory: DuckDB's limit and the
 * memory outside it. `root` is the folder of /proc and /sys.
 */
export function memoryShare(pids: readonly number[], residentBytes: number, root = '/'): MemoryShare {
  const shares = pids.flatMap((pid) => [addressSpace(pid), resident(pid, residentBytes)])
  return [...shares, controlGroup(root)].reduce(nearer, NONE)
}

const nearer = (nearest: MemoryShare, share: MemoryShare) => (share.share > nearest.share ? share : nearest)

function addressSpace(pid: number): MemoryShare {
  const limit = Number(/^Max address space\s+(\d+)/m.exec(read(`/proc/${pid}/limits`))?.[1])
  return shareOf('ADDRESS_SPACE', statusBytes(pid, 'VmSize'), limit)
}

function resident(pid: number, limit: number): MemoryShare {
  return shareOf('RESIDENT', residentBytes(pid), limit)
}

/** Returns the resident memory of a process in bytes; NaN if it is not known. */
export function residentBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS')
}

/**
 * Returns how many processes of this control group the kernel has killed because memory ran out; 0 if the kernel does not
 * report it.
 */
export function outOfMemoryKills(root = '/'): number {
  const { unified, memory } = ownGroups(root)
  const files = [
    ...foldersOf(unified, path.join(root, UNIFIED)).map((folder) => path.join(folder, 'memory.events')),
    ...foldersOf(memory, path.join(root, MEMORY)).map((folder) => path.join(folder, 'memory.oom_control')),
  ]
  // The count of a group includes the groups inside it.
  return Math.max(0, ...files.map((file) => Number(/^oom_kill (\d+)$/m.exec(read(file))?.[1] ?? 0)))
}

/**
 * Returns the share of the nearest limit of this control group and the groups around it. It supports cgroups version 2 and
 * version 1.
 */
function controlGroup(root: string): MemoryShare {
  const { unified, memory } = ownGroups(root)
  const shares = [
    ...foldersOf(unified, path.join(root, UNIFIED)).map((folder) => usedOf(folder, V2)),
    ...foldersOf(memory, path.join(root, MEMORY)).map((folder) => usedOf(folder, V1)),
  ]
  return shares.reduce(nearer, NONE)
}

const UNIFIED = 'sys/fs/cgroup'
const MEMORY = 'sys/fs/cgroup/memory'

/** Returns the names of this process's control groups: version 2 (`unified`) and version 1 (`memory`). */
function ownGroups(root: string): { readonly unified: string | undefined; readonly memory: string | undefined } {
  const groups = read(path.join(root, 'proc/self/cgroup'))
  return {
    unified: /^0::(.*)$/m.exec(groups)?.[1],
    memory: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1],
  }
}

interface Names {
  readonly used: string
  readonly limit: string
  /** Field of the file cache. The kernel frees it on demand, so it does not count as used. */
  readonly cache: string
}

const V2: Names = { used: 'memory.current', limit: 'memory.max', cache: 'file' }
const V1: Names = { used: 'memory.usage_in_bytes', limit: 'memory.limit_in_bytes', cache: 'total_cache' }

function usedOf(folder: string, { used, limit, cache }: Names): MemoryShare {
  const bytes = (name: string) => Number(read(path.join(folder, name)))
  return shareOf('CONTROL_GROUP', bytes(used) - cacheOf(folder, cache), bytes(limit))
}

/**
 * Returns the folders of the group and of the groups around it. In a container, the group itself may be mounted as the root.
 */
function foldersOf(name: string | undefined, root: string): string[] {
  if (name === undefined) return []
  const folders: string[] = []
  for (let folder = path.join(root, name); folder.startsWith(root); folder = path.dirname(folder)) folders.push(folder)
  return folders.filter((folder) => existsSync(folder))
}

function cacheOf(folder: string, field: string): number {
  return Number(new RegExp(`^${field} (\\d+)$`, 'm').exec(read(path.join(folder, 'memory.stat')))?.[1] ?? 0)
}

function shareOf(limit: MemoryShare['limit'], used: number, of: number): MemoryShare {
  return used > 0 && of > 0 ? { share: used / of, limit } : NONE
}

function statusBytes(pid: number, name: string): number {
  return 1_024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(read(`/proc/${pid}/status`))?.[1])
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** Milliseconds between two measurements. One costs about 0.1 ms per worker. */
const EVERY_MS = 500
/** Number of kept counts of kills. The kernel counts a kill at once, but the process may need some time to end. */
const KEPT_LOOKS = 6

interface MemoryWatchOptions {
  /** Process ids of the workers whose memory decides which lane new work starts in. */
  readonly pids: () => readonly number[]
  /** Process ids of all other workers. */
  readonly others: () => readonly number[]
  /** Limit of the resident memory of each of `pids`, in bytes. */
  readonly residentBytes: number
  /** Share of the nearest limit above which there is memory pressure, e.g. 0.8. */
  readonly most: number
}

/** Measures the workers' memory regularly, so that new work can start in the serial lane before it fails in the normal lane. */
export class MemoryWatch {
  now: MemoryShare = { share: 0, limit: null }
  readonly #options: MemoryWatchOptions
  readonly #timer: NodeJS.Timeout
  #kills: number[] = [outOfMemoryKills()]
  /** Resident bytes by process id, of the last measurement. */
  #resident: ReadonlyMap<number, number> = new Map()
  #residentBefore: ReadonlyMap<number, number> = new Map()

  constructor(options: MemoryWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#look(), EVERY_MS).unref()
  }

  /** A description of the memory pressure; null if there is none. */
  get pressure(): string | null {
    const { most } = this.#options
    if (this.now.share <= most) return null
    return `memory is above ${Math.round(most * 100)} % of its limit`
  }

  /**
   * Returns true if a process that was just killed had more than `limit` bytes, or if the kernel has just killed one of this
   * group for memory.
   */
  wasOver(pid: number, limit: number): boolean {
    const bytes = this.#resident.get(pid) ?? this.#residentBefore.get(pid) ?? 0
    return bytes > limit || outOfMemoryKills() > this.#kills[0]!
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { pids, others, residentBytes: limit } = this.#options
    const normal = pids()
    this.now = memoryShare(normal, limit)
    this.#residentBefore = this.#resident
    this.#resident = new Map([...normal, ...others()].map((pid) => [pid, residentBytes(pid)]))
    this.#kills = [...this.#kills, outOfMemoryKills()].slice(-KEPT_LOOKS)
  }
}
