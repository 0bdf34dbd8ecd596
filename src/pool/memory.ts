/**
 * How near a worker is to a limit of memory: its address space (RLIMIT_AS), the control group's, or its own resident limit. The nearest
 * decides. Linux tells all of it in files that cost microseconds to read; elsewhere nothing is known, and nothing is held back.
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

export interface MemoryShare {
  /** 0 to 1 and beyond; 0 where nothing is known. */
  readonly share: number
  /** Which limit is the nearest. */
  readonly limit: 'ADDRESS_SPACE' | 'CONTROL_GROUP' | 'RESIDENT' | null
}

const NONE: MemoryShare = { share: 0, limit: null }

/** `residentBytes` is what a worker may hold: its DuckDB limit and what lives outside it. */
export function memoryShare(pids: readonly number[], residentBytes: number): MemoryShare {
  const shares = pids.flatMap((pid) => [addressSpace(pid), resident(pid, residentBytes)])
  return [...shares, controlGroup()].reduce((nearest, share) => (share.share > nearest.share ? share : nearest), NONE)
}

function addressSpace(pid: number): MemoryShare {
  const limit = Number(/^Max address space\s+(\d+)/m.exec(read(`/proc/${pid}/limits`))?.[1])
  return shareOf('ADDRESS_SPACE', statusBytes(pid, 'VmSize'), limit)
}

function resident(pid: number, limit: number): MemoryShare {
  return shareOf('RESIDENT', statusBytes(pid, 'VmRSS'), limit)
}

/** File cache is given back on demand, so it doesn't count. Version 2 of control groups, then version 1. */
function controlGroup(): MemoryShare {
  const groups = read('/proc/self/cgroup')
  const unified = folderOf(/^0::(.*)$/m.exec(groups)?.[1], '/sys/fs/cgroup')
  const limit = Number(read(path.join(unified, 'memory.max')))
  if (limit > 0)
    return shareOf('CONTROL_GROUP', Number(read(path.join(unified, 'memory.current'))) - cacheOf(unified, 'file'), limit)
  const own = folderOf(/^\d+:memory:(.*)$/m.exec(groups)?.[1], '/sys/fs/cgroup/memory')
  const used = Number(read(path.join(own, 'memory.usage_in_bytes'))) - cacheOf(own, 'total_cache')
  return shareOf('CONTROL_GROUP', used, Number(read(path.join(own, 'memory.limit_in_bytes'))))
}

/** In a container the group's own folder may be mounted as the root. */
function folderOf(name: string | undefined, root: string): string {
  const own = path.join(root, name ?? '')
  return existsSync(own) ? own : root
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
