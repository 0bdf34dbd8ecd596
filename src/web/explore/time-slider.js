// @ts-check
/** A slider over the first column of times: bars are the numbers of features, and its two ends limit the features that are shown. */
/** @import { LayerView } from '../layer-view.js' */
/** @import { Section } from './explorer.js' */
import { clientError } from 'geoduck/client'
import { element, setText } from '../dom.js'
import { count } from '../format.js'
import { ask } from '../graphql.js'
import { columnKind } from './columns.js'

/** The most bars that the panel's width shows apart. */
const BARS = 60
const SECOND = 1000
const DAY = 86_400 * SECOND

/** Lengths of a bar, from short to long: their milliseconds and their names. @type {readonly (readonly [number, string])[]} */
const LENGTHS = [
  [SECOND, 'PT1S'],
  [15 * SECOND, 'PT15S'],
  [60 * SECOND, 'PT1M'],
  [900 * SECOND, 'PT15M'],
  [3600 * SECOND, 'PT1H'],
  [6 * 3600 * SECOND, 'PT6H'],
  [DAY, 'P1D'],
  [7 * DAY, 'P1W'],
  [30.4 * DAY, 'P1M'],
  [91.3 * DAY, 'P3M'],
  [365.2 * DAY, 'P1Y'],
  [1826 * DAY, 'P5Y'],
  [3652 * DAY, 'P10Y'],
  [36_525 * DAY, 'P100Y'],
]

const ENDS = `query Ends($layer: String!, $column: String!) {
  aggregate(layer: $layer, first: 1) { rows { column(name: $column) { min max } } }
}`
const COUNTS = `query Times($layer: String!, $time: [TimeBucket!]!, $where: FeatureFilter!) {
  aggregate(layer: $layer, time: $time, where: $where, first: 200) { rows { time count } }
}`

/**
 * @param {LayerView} view
 * @param {string} column
 * @returns {Promise<{ times: string[], counts: number[] }>}
 */
async function load({ layer }, column) {
  const isDate = layer.columns.find(({ name }) => name === column)?.type === 'DATE'
  const ends = (await ask(ENDS, { layer: layer.name, column })).aggregate.rows[0].column
  if (ends.min === null) return { times: [], counts: [] }
  const span = Date.parse(ends.max) - Date.parse(ends.min)
  const lengths = isDate ? LENGTHS.filter(([length]) => length >= DAY) : LENGTHS
  const [, every] =
    lengths.find(([length]) => !(span / length > BARS)) ?? /** @type {readonly [number, string]} */ (LENGTHS.at(-1))
  const where = { property: { name: column, isNull: false } }
  const { aggregate } = await ask(COUNTS, { layer: layer.name, time: [{ column, every }], where })
  /** @type {{ time: string | null, count: string }[]} */
  const rows = aggregate.rows.filter((/** @type {{ time: string | null }} */ { time }) => time !== null)
  rows.sort((one, other) => (String(one.time) < String(other.time) ? -1 : 1))
  return { times: rows.map(({ time }) => String(time)), counts: rows.map(({ count: features }) => Number(features)) }
}

/** A time without what is zero at its end. @param {string} time */
const short = (time) =>
  time
    .replace(/(?:\.0+)?Z?$/, '')
    .replace(/T00:00(?::00)?$/, '')
    .replace('T', ' ')

/** @param {LayerView} view @returns {Section} */
export function timeSection(view) {
  const { layer, exploration } = view
  const column = layer.columns.find((found) => columnKind(found) === 'time')?.name
  const root = element('section', { class: 'explore-section', 'aria-labelledby': 'time-title' })
  root.hidden = column === undefined
  if (column === undefined) return { root, update: () => {} }

  const said = element('p', { class: 'said', role: 'status' }, 'Asking for times')
  const bars = element('div', { class: 'time-bars', 'aria-hidden': 'true' })
  const from = element('input', { type: 'range', id: 'time-from', min: '0', step: '1', 'aria-label': `First ${column}` })
  const until = element('input', { type: 'range', id: 'time-until', min: '0', step: '1', 'aria-label': `Last ${column}` })
  const slider = element('div', { class: 'time-slider', hidden: '' }, bars, from, until)
  root.append(element('h3', { id: 'time-title' }, `Time: ${column}`), slider, said)

  /** @type {string[]} */
  let times = []
  /** @type {number[]} */
  let counts = []

  const show = () => {
    const [first, last] = [Number(from.value), Number(until.value)]
    const next = times[last + 1]
    for (const [n, bar] of [...bars.children].entries()) bar.classList.toggle('chosen', n >= first && n <= last)
    from.setAttribute('aria-valuetext', short(times[first] ?? ''))
    until.setAttribute('aria-valuetext', short(times[last] ?? ''))
    const sum = counts.slice(first, last + 1).reduce((total, value) => total + value, 0)
    setText(
      said,
      `${short(times[first] ?? '')} ${next === undefined ? 'to the end' : `until before ${short(next)}`}: ${count(sum)} features`,
    )
  }
  /** The two ends never pass each other. @param {HTMLInputElement} moved */
  const limit = (moved) => {
    if (Number(from.value) > Number(until.value)) moved.value = moved === from ? until.value : from.value
    show()
  }
  const commit = () => {
    const [first, last] = [Number(from.value), Number(until.value)]
    const lower = first === 0 ? null : (times[first] ?? null)
    const upper = times[last + 1] ?? null
    exploration.replace(column, 'time', lower === null && upper === null ? null : [lower, upper])
  }
  for (const input of [from, until]) {
    input.addEventListener('input', () => limit(input))
    input.addEventListener('change', commit)
  }

  const update = () => {
    if (times.length < 2) return
    const found = exploration.conditions.find((condition) => condition.op === 'time' && condition.column === column)
    const [lower, upper] = /** @type {[string | null, string | null]} */ (found?.value ?? [null, null])
    const at = (/** @type {string} */ time) => times.findIndex((begin) => begin >= time)
    from.value = String(lower === null ? 0 : Math.max(0, at(lower)))
    until.value = String(upper === null || at(upper) < 0 ? times.length - 1 : Math.max(0, at(upper) - 1))
    show()
  }

  load(view, column).then(
    (loaded) => {
      times = loaded.times
      counts = loaded.counts
      if (times.length < 2) return setText(said, 'All features have about the same time.')
      const most = Math.max(...counts)
      bars.replaceChildren(
        ...counts.map((features) => {
          const bar = element('span', {})
          bar.style.setProperty('--share', (features / most).toFixed(3))
          return bar
        }),
      )
      for (const input of [from, until]) input.max = String(times.length - 1)
      slider.hidden = false
      update()
    },
    (cause) => setText(said, clientError(cause).message),
  )
  return { root, update }
}
