/** Shows the progress of an import: a bar on a terminal, otherwise a line per step. */
import type { Progress } from '../../engines/duckdb/host/import-messages.ts'
import { ProgressBar } from '../progress-bar.ts'

const STEPS: Readonly<Record<Progress['phase'], string>> = {
  copy: 'copying the store',
  check: 'reading and checking the files',
  write: 'writing in Hilbert order',
  index: 'building the spatial index',
  sort: 'building the key and the sorted copies',
  verify: 'checking the copy',
}

export class ImportProgress {
  readonly #out: NodeJS.WriteStream
  readonly #bar: ProgressBar | null
  #phase: Progress['phase'] | null = null

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.#bar = out.isTTY ? new ProgressBar(out) : null
  }

  show({ phase, share }: Progress): void {
    this.#bar?.show(Math.round((share ?? 0) * 100), STEPS[phase])
    if (!this.#bar && phase !== this.#phase) this.#out.write(`${STEPS[phase]}\n`)
    this.#phase = phase
  }

  end(): void {
    this.#bar?.end()
    this.#phase = null
  }
}
