/** How far an import is: a line a step. */
import type { Progress } from '../catalog/import/messages.ts'

const STEPS: Readonly<Record<Progress['phase'], string>> = {
  copy: 'copying the store',
  check: 'reading and checking the files',
  write: 'writing in Hilbert order',
  index: 'building the spatial index',
  verify: 'checking the copy',
}

export class ImportProgress {
  readonly #out: NodeJS.WriteStream
  #phase: Progress['phase'] | null = null

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  show({ phase }: Progress): void {
    if (phase === this.#phase) return
    this.#phase = phase
    this.#out.write(`${STEPS[phase]}\n`)
  }

  end(): void {
    this.#phase = null
  }
}
