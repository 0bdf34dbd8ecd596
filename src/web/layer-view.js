// @ts-check
/**
 * One layer on the map. It requests the visible features, draws them, and repeats this after each move. The last answer stays
 * below, paler, until the new one is complete. Where a layer has too many points in view, hexagons show their numbers.
 */
/** @import { Map as MapLibre } from 'maplibre-gl' */
/** @import { Kind, Layer } from './layers.js' */
/** @import { Shape } from './paint.js' */
/** @import { GeoduckClientError } from 'geoduck/client' */
/** @import { Hexagon, Scale } from './hexagons.js' */
/** @import { StreamRequest } from './stream.js' */
/** @import { Exploration } from './explore/exploration.js' */
/** @import { Coloring } from './paint.js' */
import { Drawing } from './drawing.js'
import { whereInView } from './explore/where.js'
import { countHexagons, isDense, isMany, stepsOf } from './hexagons.js'
import { countMatched } from './layers.js'
import { openStream } from './stream.js'

/** Most features, and most vertices of all features, that a browser draws while it still reacts to the mouse. */
const MOST_FEATURES = 200_000
const MOST_VERTICES = 4_000_000

/**
 * @typedef {object} Look
 * @property {string} color
 * @property {string} border of areas
 * @property {readonly string[]} ramp of hexagons, from few features to many
 * @property {readonly number[]} [steps] the least number of features of each class of hexagons; absent for features
 * @property {Coloring | null} coloring by a column
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
 * @property {Scale | null} scale null if it shows features
 */

/**
 * @typedef {object} Question
 * @property {readonly number[]} bbox
 * @property {number} precision digits after the decimal point
 * @property {number} size of hexagons in metres
 */

/** @type {Progress} */
const OFF = { state: 'off', features: 0, batches: 0, startedAt: 0, endedAt: 0, matched: null, error: null, scale: null }

export class LayerView {
  /** @type {Progress} */ progress = OFF
  /** @type {Drawing | null} */ #current = null
  /** @type {Drawing | null} */ #previous = null
  #cancel = () => {}
  #map
  #changed

  /**
   * @param {MapLibre} map
   * @param {Layer} layer
   * @param {Look} look
   * @param {Exploration} exploration
   * @param {() => void} changed called when `progress` has changed
   */
  constructor(map, layer, look, exploration, changed) {
    this.#map = map
    this.exploration = exploration
    this.layer = layer
    this.look = look
    this.#changed = changed
  }

  /** Cancels the last request and sends this one. @param {Question} question */
  ask(question) {
    this.#cancel()
    this.#keepLastAnswer()
    const progress = { ...OFF, state: /** @type {StreamState} */ ('asking'), startedAt: performance.now() }
    this.progress = progress
    if (isDense(this.layer, this.look.coloring !== null)) this.#askHexagons(question, progress)
    else this.#askFeatures(question, progress)
    this.#changed()
  }

  /** @param {Question} question @param {Progress} progress */
  #askHexagons(question, progress) {
    const { size } = question
    this.#current = null
    this.#cancel = countHexagons(
      { layer: this.layer.name, where: this.#where(question), size },
      {
        complete: (hexagons) => {
          const features = hexagons.reduce((sum, { properties }) => sum + properties.features, 0)
          progress.error = null
          if (!isMany(features, this.look.coloring !== null)) return this.#askFeatures(question, progress)
          this.#drawHexagons(hexagons, size, Object.assign(progress, { features, batches: 1 }))
        },
        pause: (error) => this.#report(progress, { state: 'paused', error }),
        fail: (error) => this.#report(progress, { state: 'failed', error, endedAt: performance.now() }),
      },
    )
  }

  /** @param {Hexagon[]} hexagons @param {number} size @param {Progress} progress */
  #drawHexagons(hexagons, size, progress) {
    const steps = stepsOf(hexagons, this.look.ramp.length)
    // It inherits the colours, which change with the theme.
    /** @type {Look} */
    const look = Object.assign(Object.create(this.look), {
      shapes: ['hexagon'],
      slot: () => this.look.slot('dot'),
      steps,
      coloring: null,
    })
    const drawing = new Drawing(this.#map, look)
    this.#current = drawing
    drawing.add(hexagons)
    this.#report(progress, { state: 'drawing', endedAt: performance.now(), scale: { size, hexagons: hexagons.length, steps } })
    void drawing.finish().then(() => this.#end(progress, 'complete'))
  }

  /** @param {Question} question @param {Progress} progress */
  #askFeatures(question, progress) {
    const { precision } = question
    const crs = this.layer.crs?.isLonLat ? undefined : 'OGC:CRS84'
    const request = { layer: this.layer.name, limit: MOST_FEATURES, where: this.#where(question), precision, crs }
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
        this.ask(question)
      },
      pause: (error) => this.#report(progress, { state: 'paused', error }),
      complete: () => void this.#finish(drawing, progress, request),
      fail: (error) => this.#report(progress, { state: 'failed', error, endedAt: performance.now() }),
    })
  }

  /** @param {Question} question */
  #where({ bbox }) {
    return whereInView(this.layer, bbox, this.exploration.conditions)
  }

  /** @param {Progress} progress @param {Partial<Progress>} news */
  #report(progress, news) {
    Object.assign(progress, news)
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
    this.#report(progress, { state: 'drawing', endedAt: performance.now() })
    const limited = progress.features >= MOST_FEATURES || drawing.vertices > MOST_VERTICES
    // Without the number, the note only says that there may be more.
    if (limited) progress.matched = await countMatched(request.layer, request.where).catch(() => null)
    await drawing.finish()
    this.#end(progress, limited && progress.matched !== progress.features ? 'limited' : 'complete')
  }

  /** @param {Progress} progress @param {StreamState} state */
  #end(progress, state) {
    if (this.progress !== progress) return
    this.#dropPrevious()
    this.#report(progress, { state })
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
