/**
 * Allows one process at a time: a file names the process that has the lock. The lock of an ended process is taken over.
 *
 * The folder may be shared by machines and containers, which do not see each other's processes. So the owner renews the time of its lock, and
 * another machine takes over a lock that was not renewed for `LEASE_MS`. All times are those of the file system, so clocks may differ. A machine that
 * was held up for longer may still believe that it has the lock. So a process checks the lock again before it puts a new version in place.
 */
import { hash, randomUUID } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'

/** A lock that cannot be read is being written, unless it is older than this. */
const WRITTEN_MS = 5_000

const RENEW_MS = 5_000
const LEASE_MS = 60_000

export interface LockOwner {
  readonly pid: number
  /** `machineId` of that process. Without it, it is a process of this machine. */
  readonly machine?: string
  /** The start time of that process, because process ids are used again. Null if the system does not report it. */
  readonly began: string | null
  readonly token: string
  /** Device and inode of the version that was about to be put in place. */
  readonly publishing?: string
}

export class ProcessLock {
  readonly file: string
  readonly #holder: LockOwner
  /** The version that an ended process was about to put in place. */
  readonly left: string | null
  readonly #renewal: NodeJS.Timeout

  private constructor(file: string, holder: LockOwner, left: string | null) {
    this.file = file
    this.#holder = holder
    this.left = left
    this.#renewal = setInterval(() => void this.#renew(), RENEW_MS).unref()
  }

  async #renew(): Promise<void> {
    const now = (await timeAt(this.file)) / 1_000
    if (await this.isHeld()) await utimes(this.file, now, now).catch(() => {})
  }

  /** Returns the lock, or its owner. The folder of the file must exist. */
  static async take(file: string): Promise<ProcessLock | LockOwner> {
    const holder = { pid: process.pid, machine: machineId(), began: await beginOf(process.pid), token: randomUUID() }
    for (;;) {
      if (await written(file, holder)) return new ProcessLock(file, holder, null)
      const other = await read(file)
      if (other === 'gone') continue
      if (other === 'unreadable') {
        await sleep(50)
        continue
      }
      if (other && (await lives(other, file))) return other
      if (await replaced(file, other, holder)) return new ProcessLock(file, holder, other?.publishing ?? null)
      await sleep(50)
    }
  }

  /**
   * Leaves a note for the process that takes the lock over, in case this one ends before it releases it. False if another
   * process has the lock.
   */
  async announce(publishing: string): Promise<boolean> {
    const isHeld = await this.isHeld()
    if (isHeld) await writeFile(this.file, JSON.stringify({ ...this.#holder, publishing }))
    return isHeld
  }

  async isHeld(): Promise<boolean> {
    const holder = await read(this.file)
    return typeof holder === 'object' && holder?.token === this.#holder.token
  }

  async release(): Promise<void> {
    clearInterval(this.#renewal)
    if (await this.isHeld()) await rm(this.file, { force: true })
  }
}

async function written(file: string, holder: LockOwner): Promise<boolean> {
  try {
    await writeFile(file, JSON.stringify(holder), { flag: 'wx' })
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return false
    // It was made, but it is empty: it has no owner yet.
    if (code === 'ENOSPC' || code === 'EDQUOT') await rm(file, { force: true })
    throw error
  }
}

/**
 * Takes over a stale lock. The right to do so is a file too, so of several processes that see the same stale lock, one replaces it. Another may have
 * done so since it was read, so it is read again. False: somebody else is faster.
 */
async function replaced(file: string, stale: LockOwner | null, holder: LockOwner): Promise<boolean> {
  const right = `${file}-${stale?.token ?? 'empty'}`
  if (!(await written(right, holder))) {
    // Its owner may have ended.
    if (!(await isRenewed(right, WRITTEN_MS, await timeAt(right)))) await rm(right, { force: true })
    return false
  }
  try {
    const now = await read(file)
    if (now === 'gone' || now === 'unreadable' || now?.token !== stale?.token) return false
    const own = `${file}-${holder.token}`
    await writeFile(own, JSON.stringify(holder))
    await rename(own, file)
    return true
  } finally {
    await rm(right, { force: true })
  }
}

/** Null: the lock is stale and contains nothing. */
async function read(file: string): Promise<LockOwner | 'gone' | 'unreadable' | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as LockOwner
  } catch {
    const found = await stat(file).catch(() => null)
    if (!found) return 'gone'
    return (await isRenewed(file, WRITTEN_MS, await timeAt(file))) ? 'unreadable' : null
  }
}

async function lives({ pid, machine, began }: LockOwner, file: string): Promise<boolean> {
  if (machine !== undefined && machine !== machineId()) return await isRenewed(file, LEASE_MS, await timeAt(file))
  return isRunning(pid) && (began === null || began === (await beginOf(pid)))
}

/** True if the time of the file or folder is at most `ms` ago. */
export async function isRenewed(file: string, ms: number, now = Date.now()): Promise<boolean> {
  const found = await stat(file).catch(() => null)
  return found !== null && now - found.mtimeMs < ms
}

/** Returns the time of the file system, in milliseconds. On a network it is that of the file server, for all machines. */
async function timeAt(file: string): Promise<number> {
  const probe = `${file}-${randomUUID()}`
  try {
    await writeFile(probe, '')
    return (await stat(probe)).mtimeMs
  } catch {
    return Date.now()
  } finally {
    await rm(probe, { force: true }).catch(() => {})
  }
}

let machine: string | undefined

/** Names those who share process ids with this process: the boot of the machine, and the container. */
export function machineId(): string {
  machine ??= hash('sha256', `${hostBoot()} ${processNamespace()}`).slice(0, 12)
  return machine
}

function hostBoot(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')
  } catch {
    return hostname()
  }
}

function processNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

/** True also for a process of another user. */
export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Linux: the boot id and the ticks since then. */
async function beginOf(pid: number): Promise<string | null> {
  try {
    const [boot, line] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    // The process name before it may contain spaces and parentheses.
    return `${boot.trim()}:${line.slice(line.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return null
  }
}
