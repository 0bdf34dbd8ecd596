// @ts-check
/** Figures as people read them. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** @param {number} value */
export const count = (value) => whole.format(value)

/** Short: 68.2K. @param {number} value */
export const short = (value) => compact.format(value)

/** @param {number} metres */
export const length = (metres) => (metres < 1000 ? `${metres} m` : `${count(metres / 1000)} km`)

/** @param {number} amount @param {string} one @param {string} [many] */
export const plural = (amount, one, many = `${one}s`) => `${count(amount)} ${amount === 1 ? one : many}`

/** @param {number} bytes */
export function size(bytes) {
  if (bytes >= 1024 ** 3) return `${(bytes / 1024 ** 3).toFixed(1)} GB`
  return `${Math.round(bytes / 1024 ** 2)} MB`
}

const UNITS = /** @type {Record<string, number>} */ ({ B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 })

/**
 * The engine's own way to write a size, e.g. `3.7 GiB`, in bytes; null if it is written in another way.
 * @param {string | null} text
 */
export function parseSize(text) {
  const [, value, unit] = /^([\d.]+) ?(\w+)$/.exec(text ?? '') ?? []
  const factor = UNITS[unit ?? '']
  return factor === undefined ? null : Number(value) * factor
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
  return plural(Math.floor(seconds / 86400), 'day')
}
