// @ts-check
/**
 * One layer on the map. It requests the visible features, draws them, and repeats this after each move. The last answer stays
 * below, paler, until the new one is complete.
 */
/** @import { Map as MapLibre } from 'maplibre-gl' */
/** @import { Kind, Layer } from './layers.js' */
/** @import { Shape } from './paint.js' */
/** @import { GeoduckClientError } from 'geoduck/client' */
/** @import { StreamRequest } from './stream.js' */
import { Drawing } from './drawing.js'
import { countMatched } from './layers.js'
import { openStream } from './stream.js'

/** Most features, and most vertices of all features, that a browser draws while it still reacts to the mouse. */
const MOST_FEATURES = 200_000
const MOST_VERTICES = 4_000_000

/**
 * @typedef {object} Look
 * @property {string} color
 * @property {string} border of areas
 * @property {Kind} kind
 * @property {number} features how many the layer has, or may have
 * @property {readonly Shape[]} shapes
 * @property {(shape: Shape) => string} slot the style layer below which it is drawn
 */

/** @typedef {'off' | 'asking' | 'streaming' | 'paused' | 'drawing' | 'complete' | 'limited' | 'failed'} StreamState */

/**
 * @typedef {object} Progress of the last request
 * @property {StreamState} state
 * @property {number} features
 * @property {number} batches
 * @property {number} startedAt milliseconds of performance.now()
 * @property {number} endedAt
 * @property {number | null} matched features that there are in view, once they are counted
 * @property {GeoduckClientError | null} error
 */

/** @type {Progress} */
const OFF = { state: 'off', features: 0, batches: 0, startedAt: 0, endedAt: 0, matched: null, error: null }

export class LayerView {
  /** @type {Progress} */ progress = OFF
  /** @type {Drawing | null} */ #current = null
  /** @type {Drawing | null} */ #previous = null
  #cancel = () => {}
  #map
  #changed

  /** @param {MapLibre} map @param {Layer} layer @param {Look} look @param {() => void} changed called when `progress` has changed */
  constructor(map, layer, look, changed) {
    this.#map = map
    this.layer = layer
    this.look = look
    this.#changed = changed
  }

  /** Cancels the last request and sends this one. @param {{ bbox: readonly number[], precision: number }} view */
  ask(view) {
    this.#cancel()
    this.#keepLastAnswer()
    const progress = { ...OFF, state: /** @type {StreamState} */ ('asking'), startedAt: performance.now() }
    this.progress = progress
    const request = { layer: this.layer.name, limit: MOST_FEATURES, ...view }
    const drawing = new Drawing(this.#map, this.look)
    this.#current = drawing
    this.#cancel = openStream(request, {
      batch: (features) => {
        if (progress.batches === 0) this.#previous?.fade()
        progress.state = 'streaming'
        progress.error = null
        progress.batches += 1
        progress.features += features.length
        drawing.add(features)
        if (drawing.vertices <= MOST_VERTICES) return this.#changed()
        this.#cancel()
        void this.#finish(drawing, progress, request)
      },
      restart: () => {
        drawing.remove()
        this.ask(view)
      },
      pause: (error) => {
        progress.state = 'paused'
        progress.error = error
        this.#changed()
      },
      complete: () => void this.#finish(drawing, progress, request),
      fail: (error) => {
        Object.assign(progress, { state: 'failed', error, endedAt: performance.now() })
        this.#changed()
      },
    })
    this.#changed()
  }

  off() {
    this.#cancel()
    this.#current?.remove()
    this.#previous?.remove()
    this.#current = null
    this.#previous = null
    this.progress = OFF
    this.#changed()
  }

  repaint() {
    this.#current?.repaint()
    this.#previous?.repaint()
  }

  /** @param {string} source @param {number} number */
  feature(source, number) {
    return this.#current?.feature(source, number) ?? this.#previous?.feature(source, number)
  }

  #keepLastAnswer() {
    if (this.progress.batches === 0) return this.#current?.remove()
    this.#previous?.remove()
    this.#previous = this.#current
  }

  /**
   * Finishes the drawing when every requested feature has arrived. Only the browser has work left.
   * @param {Drawing} drawing
   * @param {Progress} progress
   * @param {StreamRequest} request
   */
  async #finish(drawing, progress, request) {
    Object.assign(progress, { state: 'drawing', endedAt: performance.now() })
    this.#changed()
    const limited = progress.features >= MOST_FEATURES || drawing.vertices > MOST_VERTICES
    // Without the number, the note only says that there may be more.
    if (limited) progress.matched = await countMatched(request.layer, request.bbox).catch(() => null)
    await drawing.finish()
    if (this.progress !== progress) return
    progress.state = limited && progress.matched !== progress.features ? 'limited' : 'complete'
    this.#dropPrevious()
    this.#changed()
  }

  /** Runs only after the new answer is on the screen, so that nothing flickers. */
  #dropPrevious() {
    const previous = this.#previous
    if (!previous) return
    void this.#map.once('idle').then(() => {
      previous.remove()
      if (this.#previous === previous) this.#previous = null
    })
  }
}
