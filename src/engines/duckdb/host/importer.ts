/** The handle of a process that does one job of an import. It may die of what it reads, or be killed: the store is not its business. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ImportError } from '../../../commands/import/import-error.ts'
import { GDAL_ENVIRONMENT } from './gdal-environment.ts'
import type { FromImporter, Progress, ToImporter, Verified, VerifyJob, WriteJob, Written } from './import-messages.ts'
import { workerEnvironment } from './worker-environment.ts'

/** Runs from the sources and compiled alike: the worker has the ending that this file has. */
const WORKER = fileURLToPath(
  new URL(`../processes/import/importer${path.extname(fileURLToPath(import.meta.url))}`, import.meta.url),
)

export class Importer {
  readonly #onProgress: (progress: Progress) => void
  #child: ChildProcess | null = null

  constructor(onProgress: (progress: Progress) => void) {
    this.#onProgress = onProgress
  }

  /** The process lives on, and holds the store open, until it is ended. @throws ImportError */
  write(job: WriteJob): Promise<Written> {
    return this.#do({ type: 'WRITE', job }) as Promise<Written>
  }

  /** @throws ImportError */
  verify(job: VerifyJob): Promise<Verified> {
    return this.#do({ type: 'VERIFY', job }) as Promise<Verified>
  }

  /** Resolves when it is gone. */
  async end(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  async #do(message: ToImporter): Promise<Written | Verified> {
    const { tempDirectory, threads } = message.job.options
    await mkdir(tempDirectory, { recursive: true })
    const child = fork(WORKER, {
      serialization: 'advanced',
      env: { ...workerEnvironment(threads), ...GDAL_ENVIRONMENT },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    let words = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (words = `${words}${text}`.slice(-2_000)))
    return await new Promise((resolve, reject) => {
      child.on('message', (answer: FromImporter) => {
        if (answer.type === 'PROGRESS') this.#onProgress(answer.progress)
        else if (answer.type === 'DONE') resolve(answer.value)
        else reject(new ImportError(answer.reason))
      })
      child.once('error', reject)
      child.once('exit', (code, signal) =>
        reject(new ImportError(`The process that reads and writes ended (${signal ?? code}): ${words.trim() || DIED}`)),
      )
      child.send(message)
    })
  }
}

const DIED = 'a file may be corrupt or made to do so, or memory was short. The store is as it was.'
