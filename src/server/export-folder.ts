/**
 * The folder of one server's exports, in a folder that other servers may share, also those of other containers and machines. A lock beside
 * it shows that its server runs.
 */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { ProcessLock } from '../catalog/process-lock.ts'

const FOLDER = /^geoduck-exports-[\w-]+$/

export class ExportFolder {
  readonly path: string
  readonly #lock: ProcessLock

  private constructor(path: string, lock: ProcessLock) {
    this.path = path
    this.#lock = lock
  }

  /** Makes a folder. Folders of servers that have ended are removed. @throws ErrnoException */
  static async make(parent: string): Promise<ExportFolder> {
    for (const name of await readdir(parent)) if (FOLDER.test(name)) await removeIfLeft(path.join(parent, name))
    const folder = path.join(parent, `geoduck-exports-${randomUUID()}`)
    // The lock is there before the folder, which nobody removes then.
    const lock = await ProcessLock.take(lockOf(folder))
    if (!(lock instanceof ProcessLock)) throw new Error(`${folder} has another owner`)
    try {
      await mkdir(folder, { mode: 0o700 })
      return new ExportFolder(folder, lock)
    } catch (error) {
      await lock.release()
      throw error
    }
  }

  async remove(): Promise<void> {
    await rm(this.path, { recursive: true, force: true })
    await this.#lock.release()
  }
}

const lockOf = (folder: string): string => `${folder}.lock`

async function removeIfLeft(folder: string): Promise<void> {
  const lock = await ProcessLock.take(lockOf(folder)).catch(() => null)
  if (!(lock instanceof ProcessLock)) return
  await rm(folder, { recursive: true, force: true }).catch(() => {})
  await lock.release()
}
