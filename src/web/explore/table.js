// @ts-check
/** The table of a layer's attributes: it pages and sorts on the server, and a row leads to its feature. */
/** @import { LayerView } from '../layer-view.js' */
import { clientError } from 'geoduck/client'
import { byId, element, setText } from '../dom.js'
import { count } from '../format.js'
import { ask } from '../graphql.js'
import { narrow } from '../layout.js'
import { columnKind } from './columns.js'
import { whereOf } from './conditions.js'
import { whereInView } from './where.js'

const ROWS = 50

const PAGE = `query Table($layer: String!, $where: FeatureFilter, $orderBy: [FeatureOrder!], $after: Cursor) {
  features(layer: $layer, where: $where, orderBy: $orderBy, first: ${ROWS}, after: $after) {
    totalCount features { id key properties } pageInfo { hasNextPage endCursor }
  }
}`

/** @typedef {{ property: string, direction: 'ASC' | 'DESC' }} Order */
/** @typedef {{ totalCount: string, features: { id: string, key: string, properties: Record<string, unknown> }[], pageInfo: { hasNextPage: boolean, endCursor: string | null } }} Page */

/** @param {unknown} value */
function text(value) {
  if (value === null || value === undefined) return 'null'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/**
 * @param {{ box: () => readonly number[], go: (view: LayerView, id: string) => void }} events
 */
export function startTable({ box, go }) {
  const card = byId('table-card')
  const title = element('h2', {})
  const place = element('span', { class: 'table-place', role: 'status' })
  const onlyInView = element('input', { type: 'checkbox', id: 'table-in-view' })
  const previous = element('button', { class: 'text-button', type: 'button', 'aria-label': 'Previous page' }, '‹')
  const next = element('button', { class: 'text-button', type: 'button', 'aria-label': 'Next page' }, '›')
  const close = element('button', {
    class: 'icon-button close-button',
    type: 'button',
    'aria-label': 'Close the table',
    title: 'Close the table',
  })
  const scroll = element('div', { class: 'table-scroll', tabindex: '0', role: 'region', 'aria-label': 'Rows' })
  const inView = element('label', { class: 'in-view' }, onlyInView, ' in view only')
  card.append(element('header', { class: 'table-head' }, title, place, inView, previous, next, close), scroll)

  /** @type {LayerView | null} */
  let view = null
  /** @type {Order | null} */
  let order = null
  /** Cursors of this page and the ones before it; null is the first page's. @type {(string | null)[]} */
  let pages = [null]
  let asked = ''
  /** The number of the last request: an earlier answer that arrives later is dropped. */
  let number = 0
  /** @type {string | null} */
  let selected = null

  const where = () => {
    if (!view) return undefined
    const { layer, exploration } = view
    return onlyInView.checked && layer.kind !== 'TABLE'
      ? whereInView(layer, box(), exploration.conditions)
      : whereOf(exploration.conditions)
  }

  const load = async () => {
    if (!view) return
    const variables = {
      layer: view.layer.name,
      where: where() ?? null,
      orderBy: order ? [order] : null,
      after: pages.at(-1) ?? null,
    }
    const text = JSON.stringify(variables)
    if (text === asked) return
    asked = text
    number += 1
    const mine = number
    card.setAttribute('aria-busy', 'true')
    try {
      const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== null))
      const { features } = await ask(PAGE, given)
      if (mine === number) show(features)
    } catch (cause) {
      if (mine !== number) return
      asked = ''
      const error = clientError(cause)
      if (error.code === 'CURSOR_EXPIRED' && pages.length > 1) return first()
      setText(place, error.message)
    } finally {
      if (mine === number) card.removeAttribute('aria-busy')
    }
  }

  const first = () => {
    pages = [null]
    void load()
  }

  /** @param {string} name */
  const sort = (name) => {
    if (order?.property !== name) order = { property: name, direction: 'ASC' }
    else order = order.direction === 'ASC' ? { property: name, direction: 'DESC' } : null
    first()
  }

  /** @param {Page} page */
  const show = ({ totalCount, features, pageInfo }) => {
    if (!view) return
    const { layer } = view
    const before = (pages.length - 1) * ROWS
    const range =
      features.length === 0
        ? 'no rows'
        : `${count(before + 1)} to ${count(before + features.length)} of ${count(Number(totalCount))}`
    setText(place, range)
    place.dataset['total'] = totalCount
    previous.disabled = pages.length === 1
    next.disabled = !pageInfo.hasNextPage
    next.onclick = () => {
      pages = [...pages, pageInfo.endCursor]
      void load()
    }
    const focused = document.activeElement?.closest('[data-sort]')?.getAttribute('data-sort')
    const head = layer.columns.map((column) => {
      const { name } = column
      const direction = order?.property === name ? order.direction : null
      const sorted = direction === 'ASC' ? 'ascending' : direction === 'DESC' ? 'descending' : 'none'
      if (columnKind(column) === 'other') return element('th', { scope: 'col' }, name)
      const arrow = element(
        'span',
        { class: 'sort-arrow', 'aria-hidden': 'true' },
        direction === 'ASC' ? '▲' : direction === 'DESC' ? '▼' : '',
      )
      const button = element('button', { type: 'button', 'data-sort': name }, name, arrow)
      button.addEventListener('click', () => sort(name))
      return element('th', { scope: 'col', 'aria-sort': sorted, class: columnKind(column) }, button)
    })
    const rows = features.map(({ id, key, properties }, n) => {
      const isTable = layer.kind === 'TABLE'
      const tabindex = n === 0 ? '0' : '-1'
      const button = element('button', { type: 'button', class: 'row-button', 'aria-label': `Go to ${key}`, tabindex }, key)
      const row = element('tr', { 'data-key': key, 'aria-current': id === selected ? 'true' : null })
      row.append(element('th', { scope: 'row' }, isTable ? key : button))
      row.append(
        ...layer.columns.map((column) => {
          const value = properties[column.name]
          const kind = value === null || value === undefined ? 'null' : columnKind(column)
          return element('td', { class: kind, title: text(value).length > 40 ? text(value) : null }, text(value))
        }),
      )
      if (!isTable) row.addEventListener('click', () => choose(row, id))
      return row
    })
    const caption = element('caption', { class: 'hidden' }, `Attributes of ${layer.name}`)
    const header = element('thead', {}, element('tr', {}, element('th', { scope: 'col' }, 'key'), ...head))
    scroll.replaceChildren(element('table', {}, caption, header, element('tbody', {}, ...rows)))
    scroll.scrollTop = 0
    if (focused) /** @type {HTMLElement | null} */ (scroll.querySelector(`[data-sort="${CSS.escape(focused)}"]`))?.focus()
  }

  /** @param {HTMLElement} row @param {string} id */
  const choose = (row, id) => {
    if (!view) return
    selected = id
    for (const other of scroll.querySelectorAll('[aria-current]')) other.removeAttribute('aria-current')
    row.setAttribute('aria-current', 'true')
    go(view, id)
  }

  // Up and down lead from row to row, as in a list. Tab leads to one row, and then out of the table.
  scroll.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    const buttons = /** @type {HTMLElement[]} */ ([...scroll.querySelectorAll('.row-button')])
    const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement))
    const [from, to] = [buttons[at], buttons[at + step]]
    if (step === 0 || !from) return
    event.preventDefault()
    if (!to) return
    from.tabIndex = -1
    to.tabIndex = 0
    to.focus()
  })
  previous.addEventListener('click', () => {
    pages = pages.slice(0, -1)
    void load()
  })
  onlyInView.addEventListener('change', first)

  /** @param {boolean} open */
  const toggle = (open) => {
    card.hidden = !open
    document.body.toggleAttribute('data-table', open)
  }
  close.addEventListener('click', () => {
    toggle(false)
    view = null
    asked = ''
  })
  let shownWhere = ''

  return {
    /** @param {LayerView} wanted */
    open(wanted) {
      if (view !== wanted) {
        view = wanted
        order = null
        asked = ''
        setText(title, wanted.layer.name)
        inView.hidden = wanted.layer.kind === 'TABLE'
      }
      toggle(true)
      first()
      scroll.focus()
      if (narrow.matches) card.scrollIntoView({ block: 'start' })
    },
    /** The panel shows another layer: an open table does too. @param {LayerView | null} wanted */
    follow(wanted) {
      if (!view) return
      if (wanted) this.open(wanted)
      else close.click()
    },
    update() {
      const now = JSON.stringify(where() ?? null)
      if (!view || now === shownWhere) return
      shownWhere = now
      first()
    },
    moved() {
      if (view && onlyInView.checked) first()
    },
  }
}
