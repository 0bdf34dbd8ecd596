// @ts-check
/** The progress line: what all shown layers have received for the present view, and how fast. */
/** @import { LayerView, Progress } from './layer-view.js' */
import { byId, setText } from './dom.js'
import { count, short } from './format.js'

/** Frequent enough for a smooth display. Each update costs the page a layout. */
const TICK_MS = 100

const RUNNING = new Set(['asking', 'streaming', 'paused'])

/** @param {Progress[]} all */
function summary(all) {
  const some = (/** @type {string} */ state) => all.filter((progress) => progress.state === state).length
  if (all.length === 0) return ['idle', 'No layer is chosen']
  if (some('paused')) return ['paused', 'Interrupted, trying again']
  if (some('streaming')) return ['streaming', 'Streaming']
  if (some('asking')) return ['asking', 'Asking']
  if (some('drawing')) return ['drawing', 'All arrived, being drawn']
  if (some('failed'))
    return ['failed', some('failed') === 1 ? 'A layer failed; it says why below' : 'Layers failed; they say why below']
  if (some('limited')) return ['limited', 'Showing a part of the features; zoom in for all']
  return ['complete', 'Complete']
}

/**
 * Rate and time are those of the last round: streams that were opened by the same move of the map.
 * @param {Progress[]} all
 */
function pace(all) {
  const round = Math.max(...all.map(({ startedAt }) => startedAt))
  const last = all.filter(({ startedAt }) => round - startedAt < 100)
  const end = last.some(({ state }) => RUNNING.has(state)) ? performance.now() : Math.max(...last.map(({ endedAt }) => endedAt))
  const seconds = (end - round) / 1000
  const features = last.reduce((sum, progress) => sum + progress.features, 0)
  return { seconds, rate: seconds > 0 ? features / seconds : 0 }
}

/** @param {LayerView[]} views the shown ones */
function show(views) {
  const all = views.map(({ progress }) => progress).filter(({ state }) => state !== 'off')
  const [state = '', text = ''] = summary(all)
  const sum = (/** @type {'features' | 'batches'} */ what) => all.reduce((total, progress) => total + progress[what], 0)
  const { seconds, rate } = all.length > 0 ? pace(all) : { seconds: 0, rate: 0 }
  const line = byId('progress')
  line.dataset['state'] = state
  line.dataset['features'] = String(sum('features'))
  line.dataset['batches'] = String(sum('batches'))
  setText(byId('progress-features'), count(sum('features')))
  setText(byId('progress-batches'), count(sum('batches')))
  setText(byId('progress-rate'), rate < 10_000 ? count(rate) : short(rate))
  setText(byId('progress-time'), seconds.toFixed(seconds < 10 ? 2 : 1))
  setText(byId('progress-state'), text)
  return RUNNING.has(state)
}

/**
 * @param {() => LayerView[]} views
 * @returns {() => void} to be called when something has changed; the clock runs by itself while a stream does
 */
export function progressLine(views) {
  let scheduled = false
  const tick = () => {
    scheduled = false
    if (show(views())) schedule()
  }
  const schedule = () => {
    if (scheduled) return
    scheduled = true
    setTimeout(tick, TICK_MS)
  }
  return schedule
}
