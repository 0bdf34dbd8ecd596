/** How far an import is: a bar on a terminal, elsewhere a line a step. */
import progressBars, { type SingleBar } from 'cli-progress'
import type { Progress } from '../../engines/duckdb/host/import-messages.ts'

const STEPS: Readonly<Record<Progress['phase'], string>> = {
  copy: 'copying the store',
  check: 'reading and checking the files',
  write: 'writing in Hilbert order',
  index: 'building the spatial index',
  verify: 'checking the copy',
}

export class ImportProgress {
  readonly #out: NodeJS.WriteStream
  readonly #bar: SingleBar | null
  #phase: Progress['phase'] | null = null

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
    this.#bar = out.isTTY
      ? new progressBars.SingleBar({
          stream: out,
          clearOnComplete: true,
          barCompleteChar: '#',
          barIncompleteChar: '-',
          format: (options, { progress }, { text }) => `${progressBars.Format.BarFormat(progress, options)} ${text}`,
        })
      : null
  }

  show({ phase, share }: Progress): void {
    const percent = Math.round((share ?? 0) * 100)
    if (phase !== this.#phase) {
      if (this.#bar) this.#bar.start(100, percent, { text: STEPS[phase] })
      else this.#out.write(`${STEPS[phase]}\n`)
      this.#phase = phase
    }
    this.#bar?.update(percent, { text: STEPS[phase] })
  }

  end(): void {
    this.#bar?.stop()
    this.#phase = null
  }
}
