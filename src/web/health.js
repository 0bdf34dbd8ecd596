// @ts-check
/** The health subscription: the last reading, again and again, through lost connections too. */
/** @import { GeoduckClientError } from 'geoduck/client' */
import { subscribe } from './graphql.js'

const HEALTH = `subscription Health { health(everyMs: 1000) {
  ready version uptimeSeconds rssBytes eventLoopDelayMs spatialExtension queued
  streams { running waiting parked } fallbacks { count lastReason } problems { source reason }
  exports { layer format stage percent ageSeconds }
  workers { lane state deaths pid duckdbVersion spatialVersion memoryLimit threads rssBytes }
} }`

const AGAIN_MS = 2000

/**
 * @typedef {object} Worker
 * @property {'NORMAL' | 'SERIAL'} lane
 * @property {'ASLEEP' | 'STARTING' | 'IDLE' | 'BUSY' | 'FAILED'} state
 * @property {number} deaths
 * @property {number | null} pid
 * @property {string | null} duckdbVersion
 * @property {string | null} spatialVersion
 * @property {string | null} memoryLimit
 * @property {number | null} threads
 * @property {string | null} rssBytes
 */

/**
 * @typedef {object} Health
 * @property {boolean} ready
 * @property {string} version
 * @property {number} uptimeSeconds
 * @property {string} rssBytes
 * @property {number} eventLoopDelayMs
 * @property {string} spatialExtension
 * @property {number} queued
 * @property {{ running: number, waiting: number, parked: number }} streams
 * @property {{ count: number, lastReason: string | null }} fallbacks
 * @property {{ source: string, reason: string }[]} problems
 * @property {{ layer: string, format: string, stage: string, percent: number | null, ageSeconds: number }[]} exports
 * @property {Worker[]} workers
 */

/** @param {{ reading: (health: Health) => void, lost: (error: GeoduckClientError) => void }} events */
export function watchHealth(events) {
  const run = () => {
    subscribe(
      HEALTH,
      {},
      {
        next: (/** @type {{ health: Health }} */ data) => events.reading(data.health),
        error: (error) => {
          events.lost(error)
          setTimeout(run, AGAIN_MS)
        },
        complete: () => setTimeout(run, AGAIN_MS),
      },
    )
  }
  run()
}
