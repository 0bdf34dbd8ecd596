// @ts-check
/** Chooses the column that colours a layer. Its classes are in the list of layers. */
/** @import { LayerView } from '../layer-view.js' */
/** @import { Section } from './explorer.js' */
import { element, setText } from '../dom.js'
import { columnKind } from './columns.js'

/** @param {LayerView} view @returns {Section} */
export function colorSection({ layer, exploration }) {
  const choice = element(
    'select',
    { id: 'color-column', 'aria-labelledby': 'color-title' },
    element('option', { value: '' }, 'one colour'),
  )
  const columns = layer.columns.filter((column) => columnKind(column) !== 'other')
  choice.append(...columns.map(({ name }) => element('option', { value: name }, name)))
  choice.addEventListener('change', () => void exploration.colorBy(choice.value === '' ? null : choice.value))
  const said = element('p', { class: 'said', role: 'status' })
  const root = element('section', { class: 'explore-section', 'aria-labelledby': 'color-title' })
  root.append(element('h3', { id: 'color-title' }, 'Colour by'), choice, said)
  return {
    root,
    update: () => {
      const { column, error } = exploration
      choice.value = column ?? ''
      setText(said, error || (column === null ? '' : 'Click a class in the list of layers to filter by it.'))
    },
  }
}
