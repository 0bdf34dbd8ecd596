// @ts-check
/** Keeps a user's choices for one layer: conditions, and the column that colours it. */
/** @import { Layer } from '../layers.js' */
/** @import { Condition, Test } from './conditions.js' */
/** @import { Classes } from './classes.js' */
import { clientError } from 'geoduck/client'
import { loadClasses } from './classes.js'
import { columnOf } from './columns.js'
import { isCondition } from './conditions.js'

export class Exploration {
  /** @type {readonly Condition[]} */ conditions = []
  /** @type {string | null} */ column = null
  /** Null until they are loaded. @type {Classes | null} */ classes = null
  /** Why there are no classes; empty if nothing is wrong. */
  error = ''
  #layer
  #changed

  /** @param {() => Layer} layer @param {() => void} changed */
  constructor(layer, changed) {
    this.#layer = layer
    this.#changed = changed
  }

  /** @param {Condition} condition */
  add(condition) {
    this.#set([...this.conditions, condition])
  }

  /** @param {Condition} condition */
  remove(condition) {
    this.#set(this.conditions.filter((other) => other !== condition))
  }

  clear() {
    if (this.conditions.length > 0) this.#set([])
  }

  /** Replaces the condition of this kind on this column; null removes it. @param {string} column @param {'classes' | 'time'} op @param {unknown} value */
  replace(column, op, value) {
    const others = this.conditions.filter((other) => other.op !== op || other.column !== column)
    this.#set(value === null ? others : [...others, { column, op, value }])
  }

  /** The chosen classes of a column. @param {string} column @returns {readonly Test[]} */
  chosen(column) {
    const found = this.conditions.find((condition) => condition.op === 'classes' && condition.column === column)
    return /** @type {Test[]} */ (found?.value ?? [])
  }

  /** Chooses a class, or no longer. @param {string} column @param {Test} test */
  toggle(column, test) {
    const text = JSON.stringify(test)
    const chosen = this.chosen(column)
    const others = chosen.filter((other) => JSON.stringify(other) !== text)
    const next = others.length < chosen.length ? others : [...chosen, test]
    this.replace(column, 'classes', next.length === 0 ? null : next)
  }

  /** Conditions from a link; those that the layer can't have are left out. @param {unknown} value */
  restore(value) {
    const layer = this.#layer()
    const conditions = Array.isArray(value) ? value.filter((one) => isCondition(one, layer)) : []
    if (JSON.stringify(conditions) !== JSON.stringify(this.conditions)) this.#set(conditions)
  }

  /** @param {string | null} column */
  async colorBy(column) {
    const found = column !== null && columnOf(this.#layer(), column) ? column : null
    if (found === this.column) return
    this.column = found
    this.classes = null
    this.error = ''
    if (found === null) return this.#changed()
    try {
      const classes = await loadClasses(this.#layer(), found)
      if (this.column !== found) return
      this.classes = classes
    } catch (cause) {
      if (this.column !== found) return
      this.error = clientError(cause).message
    }
    this.#changed()
  }

  /** @param {readonly Condition[]} conditions */
  #set(conditions) {
    this.conditions = conditions
    this.#changed()
  }
}
