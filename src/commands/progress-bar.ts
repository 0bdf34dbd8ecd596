/** Shows progress as a bar with a text on a terminal. */
import progress from 'cli-progress'
import type { Layer } from '../model/layer.ts'
import { progressText } from '../model/preparation.ts'

const EVERY_MS = 250

export class ProgressBar {
  readonly #bar: progress.SingleBar
  #isDrawn = false

  constructor(stream: NodeJS.WriteStream) {
    this.#bar = new progress.SingleBar({
      barCompleteChar: '#',
      barIncompleteChar: '-',
      barsize: 24,
      stream,
      clearOnComplete: true,
      format: '{bar} {text}',
    })
  }

  show(percent: number, text: string): void {
    if (!this.#isDrawn) this.#bar.start(100, 0, { text })
    this.#isDrawn = true
    this.#bar.update(percent, { text })
  }

  end(): void {
    if (this.#isDrawn) this.#bar.stop()
    this.#isDrawn = false
  }
}

/**
 * Draws a bar on stderr while a layer is prepared, if stderr is a terminal; otherwise the log reports the progress. The
 * returned function ends it.
 */
export function showProgress(layers: () => readonly Layer[], stream: NodeJS.WriteStream = process.stderr): () => void {
  if (!stream.isTTY) return () => {}
  const bar = new ProgressBar(stream)
  const draw = () => {
    const preparing = layers().filter(({ preparation }) => preparation)
    const current = preparing.find(({ preparation }) => preparation?.stage !== 'WAITING')
    if (!current?.preparation) return
    const others = preparing.length > 1 ? `; ${preparing.length - 1} more` : ''
    bar.show(current.preparation.percent, `${current.name}: ${progressText(current.preparation)}${others}`)
  }
  const timer = setInterval(draw, EVERY_MS).unref()
  return () => {
    clearInterval(timer)
    bar.end()
  }
}
