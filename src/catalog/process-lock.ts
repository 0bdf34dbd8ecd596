/**
 * Allows one process at a time: a file names the process that has the lock. The lock of an ended process is taken over. If two processes take over the
 * same lock at once, both could believe that they have it. So a process checks the lock again before it puts a new version in place.
 */
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** A lock that cannot be read is being written, unless it is older than this. */
const WRITTEN_MS = 5_000

export interface LockOwner {
  readonly pid: number
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

  private constructor(file: string, holder: LockOwner, left: string | null) {
    this.file = file
    this.#holder = holder
    this.left = left
  }

  /** Returns the lock, or its owner. The folder of the file must exist. */
  static async take(file: string): Promise<ProcessLock | LockOwner> {
    const holder = { pid: process.pid, began: await beginOf(process.pid), token: randomUUID() }
    let left: string | null = null
    for (;;) {
      if (await written(file, holder)) return new ProcessLock(file, holder, left)
      const other = await read(file)
      if (other === 'gone') continue
      if (other === 'unreadable') {
        await sleep(50)
        continue
      }
      if (other && (await lives(other))) return other
      left = other?.publishing ?? null
      // If two processes see the same stale lock, one moves it, and the other finds it gone.
      await rename(file, `${file}-${holder.token}`).catch(() => {})
      await rm(`${file}-${holder.token}`, { force: true })
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

/** Null: the lock is stale and contains nothing. */
async function read(file: string): Promise<LockOwner | 'gone' | 'unreadable' | null> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as LockOwner
  } catch {
    const found = await stat(file).catch(() => null)
    if (!found) return 'gone'
    return Date.now() - found.mtimeMs < WRITTEN_MS ? 'unreadable' : null
  }
}

async function lives({ pid, began }: LockOwner): Promise<boolean> {
  return isRunning(pid) && (began === null || began === (await beginOf(pid)))
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
