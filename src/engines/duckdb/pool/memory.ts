/**
 * How near a worker is to a limit of memory: its address space (RLIMIT_AS), the control group's, or its own resident limit. The nearest
 * decides. Linux tells all of it in files that cost microseconds to read; elsewhere nothing is known, and nothing is held back.
 */

import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { MemoryShare } from '../../engine.ts'

const NONE: MemoryShare = { share: 0, limit: null }

/** `residentBytes` is what a worker may hold: its DuckDB limit and what lives outside it. `root`: where /proc and /sys are. */
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

/** NaN where it is not known. */
export function residentBytes(pid: number): number {
  return statusBytes(pid, 'VmRSS')
}

/** Processes of this one's group that the kernel has killed for want of memory, as it counts them; 0 where it does not tell. */
export function outOfMemoryKills(root = '/'): number {
  const { unified, memory } = ownGroups(root)
  const files = [
    ...foldersOf(unified, path.join(root, UNIFIED)).map((folder) => path.join(folder, 'memory.events')),
    ...foldersOf(memory, path.join(root, MEMORY)).map((folder) => path.join(folder, 'memory.oom_control')),
  ]
  // A group counts those of the groups in it too.
  return Math.max(0, ...files.map((file) => Number(/^oom_kill (\d+)$/m.exec(read(file))?.[1] ?? 0)))
}

/** The limit of each group counts for those within it: the nearest decides. Version 2 of control groups, and version 1. */
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

/** Names of this process's groups, by version. */
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
  /** File cache is given back on demand, so it doesn't count. */
  readonly cache: string
}

const V2: Names = { used: 'memory.current', limit: 'memory.max', cache: 'file' }
const V1: Names = { used: 'memory.usage_in_bytes', limit: 'memory.limit_in_bytes', cache: 'total_cache' }

function usedOf(folder: string, { used, limit, cache }: Names): MemoryShare {
  const bytes = (name: string) => Number(read(path.join(folder, name)))
  return shareOf('CONTROL_GROUP', bytes(used) - cacheOf(folder, cache), bytes(limit))
}

/** The group's own folder and those that it lies in. In a container the own one may be mounted as the root. */
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

/** Between two looks; each costs about 0.1 ms a worker. */
const EVERY_MS = 500
/** The kernel counts a kill at once, and the process may take a while to end: looks that are kept to compare with. */
const KEPT_LOOKS = 6

interface MemoryWatchOptions {
  /** Workers whose memory decides where new work goes. */
  readonly pids: () => readonly number[]
  /** All others. */
  readonly others: () => readonly number[]
  /** What one of `pids` may hold. */
  readonly residentBytes: number
  /** Above this share of the nearest limit, e.g. 0.8, there is pressure. */
  readonly most: number
}

/** Looks at the workers' memory again and again, so that work can be sent elsewhere before it fails. */
export class MemoryWatch {
  now: MemoryShare = { share: 0, limit: null }
  readonly #options: MemoryWatchOptions
  readonly #timer: NodeJS.Timeout
  #kills: number[] = [outOfMemoryKills()]
  /** Resident bytes by process id; of processes that are gone too, as long as the next look. */
  #resident: ReadonlyMap<number, number> = new Map()
  #residentBefore: ReadonlyMap<number, number> = new Map()

  constructor(options: MemoryWatchOptions) {
    this.#options = options
    this.#timer = setInterval(() => this.#look(), EVERY_MS).unref()
  }

  /** In words, or null where there is none. */
  get pressure(): string | null {
    const { most } = this.#options
    if (this.now.share <= most) return null
    return `memory is above ${Math.round(most * 100)} % of its limit`
  }

  /** Whether a process that has just been killed was above `limit` bytes, or the kernel has killed one of this group for want of memory. */
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
