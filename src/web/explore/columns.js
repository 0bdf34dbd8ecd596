// @ts-check
/** Finds the kind of a column, on which its filters and colours depend. */
/** @import { Layer } from '../layers.js' */

/** @typedef {Layer['columns'][0]} Column */
/** @typedef {'number' | 'text' | 'boolean' | 'time' | 'value' | 'other'} ColumnKind `value`: equal or not, and ordered; `other`: only null or not */

/** @param {Column} column @returns {ColumnKind} */
export function columnKind({ type, jsonType }) {
  if (/^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|U?INTEGER|DECIMAL|DOUBLE|FLOAT|REAL)\b(?!.*\[)/.test(type)) return 'number'
  if (/^(?:DATE|TIMESTAMP)/.test(type) && !type.endsWith(']')) return 'time'
  if (type === 'BOOLEAN') return 'boolean'
  if (type === 'VARCHAR') return 'text'
  return jsonType === 'STRING' && /^(?:UUID|TIME|ENUM)/.test(type) && !type.endsWith(']') ? 'value' : 'other'
}

/** Whole numbers have classes with whole edges. @param {Column} column */
export const isWhole = ({ type }) => /INT/.test(type) || /^DECIMAL\(\d+,0\)/.test(type)

/** @param {Layer} layer @param {string} name */
export const columnOf = (layer, name) => layer.columns.find((column) => column.name === name)
