// @ts-check
/**
 * One layer on the map. It requests the visible features, draws them, and repeats this after each move. The last answer stays
 * below, paler, until the new one is complete. Where a layer has too many points in view, hexagons show their numbers, and where it has too many
 * other features, it shows vector tiles.
 */
/** @import { Map as MapLibre, MapGeoJSONFeature } from 'maplibre-gl' */
/** @import { Kind, Layer } from './layers.js' */
/** @import { Shape } from './paint.js' */
/** @import { GeoduckClientError } from 'geoduck/client' */
/** @import { Hexagon, Scale } from './hexagons.js' */
/** @import { Exploration } from './explore/exploration.js' */
/** @import { Coloring } from './paint.js' */
/** @import { Following } from './live.js' */
import { Drawing } from './drawing.js'
import { whereOf } from './explore/conditions.js'
import { whereInView } from './explore/where.js'
import { AGAIN_MS, askCount } from './groups.js'
import { countHexagons, isDense, isMany, stepsOf } from './hexagons.js'
import { follow, followed, Rate } from './live.js'
import { LiveDrawing } from './live-drawing.js'
import { openStream } from './stream.js'
import { TileDrawing } from './tile-drawing.js'

/** The most features in view that are streamed. A layer with more shows tiles. */
const MOST_FEATURES = { polygon: 20_000, line: 20_000, point: 200_000 }
/** The most vertices that a browser draws while it still reacts to the mouse. */
const MOST_VERTICES = 4_000_000

/** Milliseconds between two looks at the number of changes. */
const RATE_MS = 1_000

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
 * @property {GeoduckClientError | null} error
 * @property {Scale | null} scale of hexagons
 * @property {number | null} share of the features in view that tiles show; null if it shows no tiles
 * @property {number | null} rate changes per second of a layer that is followed; null for others
 */

/**
 * @typedef {object} Question
 * @property {readonly number[]} bbox
 * @property {number} precision digits after the decimal point
 * @property {number} size of hexagons in metres
 * @property {number} zoom of tiles
 */

/** @type {Progress} */
const OFF = { state: 'off', features: 0, batches: 0, startedAt: 0, endedAt: 0, error: null, scale: null, share: null, rate: null }

export class LayerView {
  /** @type {Progress} */ progress = OFF
  /** @type {Drawing | TileDrawing | LiveDrawing | null} */ #current = null
  /** @type {Drawing | TileDrawing | LiveDrawing | null} */ #previous = null
  /** The request that it follows, and its colouring. @type {Following & { asked: string, coloring: Coloring | null } | null} */ #followed =
    null
  #most
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
    this.#most = MOST_FEATURES[look.kind]
    this.#changed = changed
  }

  /** Returns whether the last request has its answer. */
  get isSettled() {
    return ['complete', 'limited', 'failed'].includes(this.progress.state)
  }

  /** Cancels the last request and sends this one. @param {Question} question */
  ask(question) {
    const isLive = followed(this.layer) !== null
    if (isLive && this.#isStillFollowed()) return this.moved(question.bbox)
    this.#cancel()
    this.#followed = null
    this.#keepLastAnswer()
    const progress = { ...OFF, state: /** @type {StreamState} */ ('asking'), startedAt: performance.now() }
    this.progress = progress
    this.#current = null
    if (isLive) this.#follow(question, progress)
    else if (isDense(this.layer)) this.#askHexagons(question, progress)
    else if (Number(this.layer.featureCount ?? Number.POSITIVE_INFINITY) > this.#most) this.#askMany(question, progress)
    else this.#askFeatures(question, progress)
    this.#changed()
  }

  /** @param {Question} question @param {Progress} progress */
  #askHexagons(question, progress) {
    const { size } = question
    this.#cancel = countHexagons({ layer: this.layer.name, where: this.#where(question), size }, this.look.coloring, {
      complete: (hexagons) => {
        const features = hexagons.reduce((sum, { properties }) => sum + properties.features, 0)
        progress.error = null
        if (!isMany(features)) return this.#askFeatures(question, progress)
        this.#drawHexagons(hexagons, size, Object.assign(progress, { features, batches: 1 }))
      },
      ...this.#interruptions(progress),
    })
  }

  /** Follows what is in view while the map moves. @param {readonly number[]} bbox */
  moved(bbox) {
    this.#followed?.move(bbox)
  }

  /** A move of the map is no new question. */
  #isStillFollowed() {
    const { coloring } = this.look
    if (this.#followed?.asked !== this.#toFollow() || this.progress.state === 'failed') return false
    if (this.#current instanceof LiveDrawing && this.#followed.coloring !== coloring) this.#current.recolor()
    this.#followed.coloring = coloring
    return true
  }

  #toFollow() {
    const { name, crs } = this.layer
    return JSON.stringify([name, crs?.isLonLat, followed(this.layer), whereOf(this.exploration.conditions)])
  }

  /** @param {Question} question @param {Progress} progress */
  #follow(question, progress) {
    const { name, crs } = this.layer
    const drawing = new LiveDrawing(this.#map, this.look)
    this.#current = drawing
    const rate = new Rate()
    const where = whereOf(this.exploration.conditions) ?? undefined
    const bbox = followed(this.layer) === 'view' ? question.bbox : null
    const following = follow(
      { layer: name, where, bbox, crs: crs?.isLonLat ? undefined : 'OGC:CRS84' },
      {
        change: (diff, features, isMove) => {
          drawing.apply(diff)
          this.#previous?.remove()
          this.#previous = null
          if (!diff.removeAll && !isMove) rate.add(diff.add.length + diff.remove.length)
          const batches = progress.batches + 1
          const endedAt = progress.endedAt || performance.now()
          this.#report(progress, {
            state: 'complete',
            error: null,
            features: features.size,
            batches,
            endedAt,
            rate: rate.perSecond,
          })
        },
        many: (view) => {
          this.#cancel()
          this.#followed = null
          this.#keepLastAnswer()
          this.#current = null
          Object.assign(progress, { state: 'asking', features: 0, batches: 0, endedAt: 0, rate: null })
          this.#askHexagons({ ...question, bbox: view }, progress)
        },
        ...this.#interruptions(progress),
        resume: () => this.#report(progress, { state: progress.batches > 0 ? 'complete' : 'asking', error: null }),
      },
    )
    // Without changes nothing else would say that there are none.
    const timer = setInterval(() => {
      if (progress.rate) this.#report(progress, { rate: rate.perSecond })
    }, RATE_MS)
    this.#cancel = () => {
      clearInterval(timer)
      following.cancel()
    }
    this.#followed = { ...following, asked: this.#toFollow(), coloring: this.look.coloring }
  }

  /** Counts the features in view, which decides between tiles and a stream. @param {Question} question @param {Progress} progress */
  #askMany(question, progress) {
    this.#cancel = askCount(
      { layer: this.layer.name, where: this.#where(question) },
      {
        complete: (features) => {
          progress.error = null
          if (features <= this.#most) return this.#askFeatures(question, progress)
          this.#drawTiles(question, Object.assign(progress, { features }))
        },
        ...this.#interruptions(progress),
      },
    )
  }

  /** @param {Question} question @param {Progress} progress */
  #drawTiles(question, progress) {
    const { conditions, column } = this.exploration
    const properties = this.look.coloring && column !== null ? [column] : []
    const { name, fingerprint } = this.layer
    const content = { layer: name, fingerprint, where: whereOf(conditions), properties }
    const previous = this.#previous
    const isSame = previous instanceof TileDrawing && previous.draws(content)
    const drawing = isSame ? previous : new TileDrawing(this.#map, this.look, content)
    this.#current = drawing
    if (isSame) this.#previous = null
    drawing.finish().then(
      () => {
        if (this.progress !== progress) return
        this.#swap(drawing)
        const share = drawing.share(question.zoom)
        this.#report(progress, { state: share < 1 ? 'limited' : 'complete', share, endedAt: performance.now() })
      },
      (error) => {
        if (this.progress !== progress) return
        const { pause, fail } = this.#interruptions(progress)
        if (!error.retry) return fail(error)
        pause(error)
        const timer = setTimeout(() => this.ask(question), AGAIN_MS)
        this.#cancel = () => clearTimeout(timer)
      },
    )
  }

  /** @param {Progress} progress */
  #interruptions(progress) {
    return {
      pause: (/** @type {GeoduckClientError} */ error) => this.#report(progress, { state: 'paused', error }),
      fail: (/** @type {GeoduckClientError} */ error) =>
        this.#report(progress, { state: 'failed', error, endedAt: performance.now() }),
    }
  }

  /** @param {Hexagon[]} hexagons @param {number} size @param {Progress} progress */
  #drawHexagons(hexagons, size, progress) {
    const steps = stepsOf(hexagons, this.look.ramp.length)
    // It inherits the colours, which change with the theme.
    /** @type {Look} */
    const look = Object.assign(Object.create(this.look), { shapes: ['hexagon'], slot: () => this.look.slot('dot'), steps })
    const drawing = new Drawing(this.#map, look)
    this.#current = drawing
    drawing.add(hexagons)
    progress.scale = { size, hexagons: hexagons.length, steps }
    void this.#finish(drawing, progress)
  }

  /** @param {Question} question @param {Progress} progress */
  #askFeatures(question, progress) {
    const { precision } = question
    const crs = this.layer.crs?.isLonLat ? undefined : 'OGC:CRS84'
    const request = { layer: this.layer.name, where: this.#where(question), precision, crs, limit: this.#most + 1 }
    // A stream that replaces tiles does so at once, when it is complete.
    const drawing = new Drawing(this.#map, this.look, !(this.#previous instanceof TileDrawing))
    this.#current = drawing
    this.#cancel = openStream(request, {
      batch: (features) => {
        if (progress.batches === 0) this.#previous?.fade()
        progress.state = 'streaming'
        progress.error = null
        progress.batches += 1
        progress.features += features.length
        drawing.add(features)
        if (drawing.vertices <= MOST_VERTICES && progress.features <= this.#most) return this.#changed()
        // Its features are large, or their number was not up to date. From now on tiles begin at fewer of them.
        this.#most = Math.min(this.#most, progress.features, Number(this.layer.featureCount ?? this.#most)) - 1
        this.ask(question)
      },
      restart: () => {
        drawing.remove()
        this.ask(question)
      },
      complete: () => void this.#finish(drawing, progress),
      ...this.#interruptions(progress),
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
    this.#followed = null
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

  /** @param {MapGeoJSONFeature} drawn */
  feature(drawn) {
    return this.#current?.feature(drawn) ?? this.#previous?.feature(drawn)
  }

  #keepLastAnswer() {
    if (!this.#current?.visible) return this.#current?.remove()
    this.#previous?.remove()
    this.#previous = this.#current
  }

  /**
   * Finishes the drawing when every requested feature has arrived. Only the browser has work left.
   * @param {Drawing} drawing
   * @param {Progress} progress
   */
  async #finish(drawing, progress) {
    this.#report(progress, { state: 'drawing', endedAt: performance.now() })
    await drawing.finish()
    if (this.progress !== progress) return
    // Only after the new answer can be on the screen, so that nothing flickers.
    if (this.#previous) void this.#map.once('idle').then(() => this.progress === progress && this.#swap(drawing))
    this.#report(progress, { state: 'complete' })
  }

  /** Shows the new answer instead of the last one, in the same frame. @param {Drawing | TileDrawing | LiveDrawing} drawing */
  #swap(drawing) {
    drawing.show()
    this.#previous?.remove()
    this.#previous = null
  }
}
