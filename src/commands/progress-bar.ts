/** On a terminal: how far the preparation of files is. */
import progress from 'cli-progress'
import type { Layer } from '../model/layer.ts'
import { progressText } from '../model/preparation.ts'

const EVERY_MS = 250

/** Draws a bar on stderr while a layer is prepared, where that is a terminal; elsewhere the log tells. Ends when it is called back. */
export function showProgress(layers: () => readonly Layer[], stream: NodeJS.WriteStream = process.stderr): () => void {
  if (!stream.isTTY) return () => {}
  const bar = new progress.SingleBar({
    barCompleteChar: '#',
    barIncompleteChar: '-',
    barsize: 24,
    stream,
    clearOnComplete: true,
    format: '{bar} {text}',
  })
  let isDrawn = false
  const draw = () => {
    const preparing = layers().filter(({ preparation }) => preparation)
    const current = preparing.find(({ preparation }) => preparation?.stage !== 'WAITING')
    if (!current?.preparation) return
    const others = preparing.length > 1 ? `; ${preparing.length - 1} more` : ''
    const payload = { text: `${current.name}: ${progressText(current.preparation)}${others}` }
    if (!isDrawn) bar.start(100, 0, payload)
    isDrawn = true
    bar.update(current.preparation.percent, payload)
  }
  const timer = setInterval(draw, EVERY_MS).unref()
  return () => {
    clearInterval(timer)
    if (isDrawn) bar.stop()
  }
}
