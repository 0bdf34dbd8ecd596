// @ts-check
/** Live health, for people. */
/** @import { Health, Worker } from './health.js' */
import { byId, element, setText } from './dom.js'
import { count, duration, parseSize, plural, size } from './format.js'

/** Milliseconds of event-loop delay from which the server answers sluggishly. */
const LATE_MS = 50

/** @param {string} label @param {string} value @param {string} [tone] */
const fact = (label, value, tone) =>
  element('div', { class: 'fact', 'data-tone': tone }, element('dt', {}, label), element('dd', {}, value))

/** @param {Worker} worker @param {number} index */
function workerRow(worker, index) {
  const rss = Number(worker.rssBytes ?? 0)
  const limit = parseSize(worker.memoryLimit)
  const share = limit ? Math.min(1, rss / limit) : 0
  const meter = element('span', { class: 'meter', 'data-tone': share > 0.8 ? 'warn' : null, 'aria-hidden': 'true' })
  meter.style.setProperty('--share', share.toFixed(3))
  const name = worker.lane === 'SERIAL' ? 'serial lane' : `worker ${index + 1}`
  const memory = worker.rssBytes === null ? '' : `${size(rss)} of ${worker.memoryLimit ?? 'an unknown limit'}`
  const details = [
    worker.pid === null ? null : `pid ${worker.pid}`,
    worker.threads === null ? null : plural(worker.threads, 'thread'),
    worker.deaths > 0 ? plural(worker.deaths, 'death') : null,
  ]
  return element(
    'li',
    { class: 'worker' },
    element('span', { class: 'worker-name' }, name),
    element('span', { class: 'pill', 'data-state': worker.state }, worker.state.toLowerCase()),
    meter,
    element('span', { class: 'worker-memory' }, memory),
    element('span', { class: 'worker-details' }, details.filter(Boolean).join(' · ')),
  )
}

/** @param {Health} health */
function facts(health) {
  const { running, waiting, parked } = health.streams
  return element(
    'dl',
    { class: 'facts' },
    fact('streams running', count(running)),
    fact('waiting', count(waiting)),
    fact('parked', count(parked)),
    fact('queue', count(health.queued)),
    fact('loop delay p99', `${health.eventLoopDelayMs.toFixed(1)} ms`, health.eventLoopDelayMs > LATE_MS ? 'warn' : undefined),
    fact('server memory', size(Number(health.rssBytes))),
    fact('fallbacks', count(health.fallbacks.count), health.fallbacks.count > 0 ? 'warn' : undefined),
    fact('up', duration(health.uptimeSeconds)),
  )
}

/** @param {Health} health */
function problems({ problems: found, fallbacks }) {
  const rows = found.map(({ source, reason }) => element('li', {}, element('b', {}, source), ` ${reason}`))
  if (fallbacks.lastReason) rows.push(element('li', {}, element('b', {}, 'Last fallback'), ` ${fallbacks.lastReason}`))
  return rows.length === 0 ? [] : [element('ul', { class: 'problems', 'aria-label': 'Problems' }, ...rows)]
}

/** @param {Health} health */
function exports({ exports: made }) {
  const rows = made.map(({ layer, format, stage, percent, ageSeconds }) => {
    const progress = percent === null ? stage.toLowerCase() : `${stage.toLowerCase()}, ${Math.round(percent)} %`
    return element('li', {}, element('b', {}, `${layer}.${format}`), ` ${progress} · ${duration(ageSeconds)}`)
  })
  return rows.length === 0 ? [] : [element('ul', { class: 'exports', 'aria-label': 'Exports' }, ...rows)]
}

/** @param {Health} health */
export function showHealth(health) {
  const busy = health.workers.filter(({ state }) => state === 'BUSY').length
  const ill = !health.ready || health.problems.length > 0 || health.workers.some(({ state }) => state === 'FAILED')
  byId('health-dot').dataset['state'] = ill ? 'warn' : 'good'
  byId('health-card').dataset['running'] = String(health.streams.running)
  byId('health').classList.remove('stale')
  const waiting = health.problems.length > 0 ? ` · ${plural(health.problems.length, 'problem')}` : ''
  setText(byId('health-summary'), `${busy} of ${plural(health.workers.length, 'worker')} busy${waiting}`)
  const [first] = health.workers
  const duckdb = first?.duckdbVersion ? [`DuckDB ${first.duckdbVersion.replace(/^v/, '')}`] : []
  const versions = [`Geoduck ${health.version}`, ...duckdb, `spatial extension: ${health.spatialExtension}`]
  byId('health').replaceChildren(
    facts(health),
    element('ul', { class: 'workers', 'aria-label': 'Workers' }, ...health.workers.map(workerRow)),
    ...exports(health),
    ...problems(health),
    element('p', { class: 'versions' }, versions.join(' · ')),
  )
}

export function showHealthLost() {
  byId('health-dot').dataset['state'] = 'bad'
  byId('health').classList.add('stale')
  setText(byId('health-summary'), 'no connection')
}
