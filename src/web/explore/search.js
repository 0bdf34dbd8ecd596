// @ts-check
/** Finds features of a layer by a text in one of its columns. */
/** @import { LayerView } from '../layer-view.js' */
/** @import { Section } from './explorer.js' */
import { clientError } from 'geoduck/client'
import { element, setText } from '../dom.js'
import { ask } from '../graphql.js'
import { columnKind } from './columns.js'
import { OPERATORS } from './conditions.js'

const MOST = 8
/** Columns that "any text" stands for. */
const MOST_COLUMNS = 12

const FIND = `query Search($layer: String!, $where: FeatureFilter!, $only: [String!]!) {
  features(layer: $layer, where: $where, first: ${MOST}) { features { id key properties(only: $only) } pageInfo { hasNextPage } }
}`

/** A name is likelier to be looked for than other texts. @param {string} name */
const rank = (name) => (/^name$/i.test(name) ? 0 : /name|title|label/i.test(name) ? 1 : 2)

/**
 * @param {LayerView} view
 * @param {(id: string) => void} go
 * @returns {Section}
 */
export function searchSection({ layer }, go) {
  const columns = layer.columns
    .filter((column) => columnKind(column) === 'text')
    .map(({ name }) => name)
    .sort((one, other) => rank(one) - rank(other))
  const root = element('section', { class: 'explore-section', 'aria-labelledby': 'search-title' })
  if (columns.length === 0) {
    root.hidden = true
    return { root, update: () => {} }
  }
  const text = element('input', {
    type: 'search',
    id: 'search-text',
    autocomplete: 'off',
    'aria-label': 'Text',
    placeholder: 'Part of a text',
  })
  const choice = element(
    'select',
    { id: 'search-column', 'aria-label': 'Column to search' },
    element('option', { value: '' }, 'any text'),
  )
  choice.append(...columns.map((name) => element('option', { value: name }, name)))
  const results = element('ul', { class: 'results', 'aria-label': 'Features found' })
  const said = element('p', { class: 'said', role: 'status' })
  const form = element('form', { class: 'line', role: 'search', 'aria-label': `Search ${layer.name}` }, text, choice)
  form.append(element('button', { class: 'text-button', type: 'submit' }, 'Find'))
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const wanted = text.value.trim()
    if (wanted === '') return
    const searched = choice.value === '' ? columns.slice(0, MOST_COLUMNS) : [choice.value]
    const test = OPERATORS['contains']?.test(wanted)
    const any = searched.map((name) => ({ property: { name, ...test } }))
    setText(said, 'Searching')
    try {
      const where = any.length === 1 ? any[0] : { or: any }
      const { features } = await ask(FIND, { layer: layer.name, where, only: searched })
      show(features, wanted)
    } catch (cause) {
      results.replaceChildren()
      setText(said, clientError(cause).message)
    }
  })

  /** @param {{ features: { id: string, key: string, properties: Record<string, unknown> }[], pageInfo: { hasNextPage: boolean } }} page @param {string} wanted */
  const show = ({ features, pageInfo }, wanted) => {
    const found =
      features.length === 0 ? 'No feature has this text' : pageInfo.hasNextPage ? `The first ${MOST}` : `${features.length} found`
    setText(said, found)
    results.replaceChildren(
      ...features.map(({ id, key, properties }) => {
        const entry = Object.entries(properties).find(([, value]) => String(value).toLowerCase().includes(wanted.toLowerCase()))
        const [name, value] = entry ?? ['key', key]
        const button = element(
          'button',
          { type: 'button' },
          element('b', {}, String(value)),
          element('span', {}, ` ${name} · ${key}`),
        )
        button.addEventListener('click', () => go(id))
        return element('li', {}, button)
      }),
    )
  }
  root.append(element('h3', { id: 'search-title' }, 'Search'), form, said, results)
  return { root, update: () => {} }
}
