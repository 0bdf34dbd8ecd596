// @ts-check
/** Builds conditions by clicking, and shows the filter as GraphQL. */
/** @import { LayerView } from '../layer-view.js' */
/** @import { Section } from './explorer.js' */
import { copyOnClick } from '../copy.js'
import { element, setText } from '../dom.js'
import { columnKind, columnOf } from './columns.js'
import { describeCondition, OPERATORS, operatorsFor, readValue, whereOf } from './conditions.js'
import { pageDocument } from './graphql-text.js'

const INPUT_TYPES = /** @type {Record<string, string>} */ ({ number: 'text', text: 'text', value: 'text' })

/** @param {LayerView} view @returns {Section} */
export function filterSection({ layer, exploration }) {
  const column = element('select', { id: 'filter-column', 'aria-label': 'Column' })
  column.append(...layer.columns.map(({ name }) => element('option', { value: name }, name)))
  const operator = element('select', { id: 'filter-operator', 'aria-label': 'Operator' })
  const place = element('span', { class: 'value-place' })
  const said = element('p', { class: 'said', role: 'status' })
  /** @type {HTMLInputElement | HTMLSelectElement} */
  let value = element('input', {})

  const chosen = () => columnOf(layer, column.value)
  const showValue = () => {
    const found = chosen()
    if (!found) return
    const kind = columnKind(found)
    const label = { id: 'filter-value', 'aria-label': 'Value' }
    if (kind === 'boolean') {
      value = element(
        'select',
        label,
        element('option', { value: 'true' }, 'true'),
        element('option', { value: 'false' }, 'false'),
      )
    } else {
      const type = kind === 'time' ? (found.type === 'DATE' ? 'date' : 'datetime-local') : (INPUT_TYPES[kind] ?? 'text')
      const numeric = kind === 'number' ? { inputmode: 'decimal' } : {}
      value = element('input', {
        ...label,
        ...numeric,
        type,
        step: kind === 'time' ? '1' : null,
        autocomplete: 'off',
        placeholder: 'value',
      })
    }
    place.replaceChildren(value)
    place.hidden = OPERATORS[operator.value]?.bare === true
  }
  const showOperators = () => {
    const found = chosen()
    if (!found) return
    operator.replaceChildren(
      ...operatorsFor(columnKind(found)).map(([name, { label }]) => element('option', { value: name }, label)),
    )
    showValue()
  }
  column.addEventListener('change', showOperators)
  operator.addEventListener('change', () => {
    place.hidden = OPERATORS[operator.value]?.bare === true
  })
  showOperators()

  const form = element('form', { class: 'filter-form', 'aria-label': 'Add a condition' }, column, operator, place)
  form.append(element('button', { class: 'text-button', type: 'submit' }, 'Add'))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const found = chosen()
    if (!found) return
    const given = OPERATORS[operator.value]?.bare ? true : readValue(found, value.value)
    setText(said, given === null ? `${found.name} needs a ${columnKind(found) === 'number' ? 'number' : 'value'}` : '')
    if (given === null) return value.focus()
    exploration.add({ column: found.name, op: operator.value, value: given })
  })

  const list = element('ul', { class: 'conditions', 'aria-label': 'Conditions' })
  const code = element('pre', { class: 'code', tabindex: '0', 'aria-label': 'GraphQL of the filter' })
  const copy = element('button', { class: 'text-button', type: 'button' }, 'Copy GraphQL')
  const copied = element('span', { class: 'said', role: 'status' })
  copyOnClick(
    copy,
    () => code.textContent ?? '',
    (text) => setText(copied, text),
  )
  const details = element('details', { class: 'code-details' }, element('summary', {}, 'As GraphQL'), code, copy, copied)
  const root = element('section', { class: 'explore-section', 'aria-labelledby': 'filter-title' })
  root.append(element('h3', { id: 'filter-title' }, 'Filter'), list, form, said, details)
  return {
    root,
    update: () => {
      const { conditions } = exploration
      const had = list.contains(document.activeElement)
      list.hidden = conditions.length === 0
      list.replaceChildren(
        ...conditions.map((condition) => {
          const text = describeCondition(condition)
          const remove = element(
            'button',
            { class: 'remove', type: 'button', 'aria-label': `Remove ${text}`, title: 'Remove' },
            '×',
          )
          remove.addEventListener('click', () => exploration.remove(condition))
          return element('li', {}, element('span', {}, text), remove)
        }),
      )
      if (had) (list.querySelector('button') ?? column).focus()
      setText(code, pageDocument(layer.name, whereOf(conditions)))
    },
  }
}
