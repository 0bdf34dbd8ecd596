/**
 * Keeps results of inspections between starts, so that a server need not read and scan a hundred known layers again. A result belongs to its whole
 * request, which contains fingerprint, size and time of the files, so it never applies to another file.
 */
import { hash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'

/** A part of every request. It changes when inspections return different results. */
const VERSION = 'geoduck-inspection-11'
/** Milliseconds that an unused result is kept. */
const KEPT_MS = 30 * 24 * 3_600_000

export class InspectionCache {
  readonly #folder: string | null

  /** Null: nothing is kept. */
  constructor(folder: string | null) {
    this.#folder = folder
  }

  /**
   * Returns the kept result, or the result of `ask`. Both are JSON. If the result cannot be written, it is computed again next
   * time.
   */
  async recall<Answer>(subject: unknown, ask: () => Promise<Answer>): Promise<Answer> {
    const folder = this.#folder
    if (!folder) return ask()
    const file = fileOf(folder, subject)
    const kept = await readKept<Answer>(file)
    if (kept) return kept.answer
    const answer = await ask()
    await keep(folder, file, { answer }).catch(() => {})
    return answer
  }

  /** The kept result. Null if there is none. */
  async known<Answer>(subject: unknown): Promise<Answer | null> {
    if (!this.#folder) return null
    return (await readKept<Answer>(fileOf(this.#folder, subject)))?.answer ?? null
  }

  /** Removes results that were not used for a month. */
  async prune(now = Date.now()): Promise<void> {
    const folder = this.#folder
    if (!folder) return
    for (const name of await readdir(folder).catch(() => [])) {
      const file = path.join(folder, name)
      const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: now }))
      if (now - mtimeMs > KEPT_MS) await rm(file, { force: true })
    }
  }
}

function fileOf(folder: string, subject: unknown): string {
  return path.join(folder, `${hash('sha256', JSON.stringify([VERSION, subject])).slice(0, 32)}.json`)
}

/** Null also for a damaged file. */
async function readKept<Answer>(file: string): Promise<{ readonly answer: Answer } | null> {
  try {
    const kept = JSON.parse(await readFile(file, 'utf8')) as { readonly answer: Answer }
    const now = new Date()
    // If nothing can be written, reading still works.
    await utimes(file, now, now).catch(() => {})
    return 'answer' in kept ? kept : null
  } catch {
    return null
  }
}

async function keep(folder: string, file: string, answer: object): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const partial = `${file}.${process.pid}`
  await writeFile(partial, JSON.stringify(answer))
  await rename(partial, file)
}
