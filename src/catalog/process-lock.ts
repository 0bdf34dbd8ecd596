/**
 * One process at a time: a file names the process that holds the lock. The lock of a process that is gone is taken over. Two that take over the
 * same one at once could both believe that they have it: so who puts a new version in place asks again first.
 */
import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** A lock that cannot be read is one that is just being written, unless it is older. */
const WRITTEN_MS = 5_000

export interface LockOwner {
  readonly pid: number
  /** When that process began, as the system tells it: process ids are given again. Null where it does not tell. */
  readonly began: string | null
  readonly token: string
  /** The version that was about to be put in place, by device and inode. */
  readonly publishing?: string
}

export class ProcessLock {
  readonly file: string
  readonly #holder: LockOwner
  /** What a process was about to put in place that is gone. */
  readonly left: string | null

  private constructor(file: string, holder: LockOwner, left: string | null) {
    this.file = file
    this.#holder = holder
    this.left = left
  }

  /** The lock; or who holds it. The file's folder must be there. */
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
      // Of two who see the same stale lock, one moves it; the other finds it gone.
      await rename(file, `${file}-${holder.token}`).catch(() => {})
      await rm(`${file}-${holder.token}`, { force: true })
    }
  }

  /** Leaves a word for the process that takes the lock over, should this one end before it releases it. False: another one has it. */
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
    // Made, but empty: nobody could tell whose it is.
    if (code === 'ENOSPC' || code === 'EDQUOT') await rm(file, { force: true })
    throw error
  }
}

/** Null: it is stale, and holds nothing. */
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

/** Also another user's. */
export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Linux: the boot and the ticks since then. */
async function beginOf(pid: number): Promise<string | null> {
  try {
    const [boot, line] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ])
    // The name before it may hold spaces and parentheses.
    return `${boot.trim()}:${line.slice(line.lastIndexOf(')') + 2).split(' ')[19]}`
  } catch {
    return null
  }
}
