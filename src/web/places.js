// @ts-check
/** Names places on the map, and finds them by a part of their name. They are in the package: nothing is asked of a server. */
/** @import { GeoJSONSource, Map as MapLibre } from 'maplibre-gl' */
import { byId, element, setText } from './dom.js'
import { free } from './layout.js'
import { setSheet } from './sheet.js'

/** Places that a search lists. */
const MOST = 6
/** A place in the middle of the screen, with what is around it. */
const ZOOM = 9

/** @typedef {{ name: string, country: string, rank: number, at: [number, number], folded: string[] }} Place */

/** Without accents and capitals. @param {string} text */
const fold = (text) => text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase()

/** @returns {Promise<Place[]>} the most important first */
async function load() {
  const response = await fetch(new URL('places.json', import.meta.url))
  /** @type {{ countries: string[], places: [string, number, number, number, number, string?][] }} */
  const { countries, places } = await response.json()
  return places.map(([name, longitude, latitude, rank, country, ascii]) => ({
    name,
    country: countries[country] ?? '',
    rank,
    at: [longitude, latitude],
    folded: [name, ...(ascii === undefined ? [] : [ascii])].map(fold),
  }))
}

/** Names that begin with the text are first. @param {readonly Place[]} places @param {string} text */
function find(places, text) {
  const wanted = fold(text.trim())
  if (wanted === '') return []
  const begins = places.filter(({ folded }) => folded.some((name) => name.startsWith(wanted)))
  const has = places.filter(({ folded }) => folded.some((name) => name.indexOf(wanted) > 0))
  return [...begins, ...has.filter((place) => !begins.includes(place))].slice(0, MOST)
}

/** @param {MapLibre} map that has loaded its style */
export async function startPlaces(map) {
  const places = await load()
  const features = places.map(({ name, rank, at }, order) => ({
    type: /** @type {const} */ ('Feature'),
    properties: { name, rank, order },
    geometry: { type: /** @type {const} */ ('Point'), coordinates: at },
  }))
  void (/** @type {GeoJSONSource} */ (map.getSource('places')).setData({ type: 'FeatureCollection', features }))

  const text = /** @type {HTMLInputElement} */ (byId('place'))
  const said = byId('place-said')
  const results = byId('place-results')
  /** @param {Place} place */
  const go = ({ name, at }) => {
    // On a narrow screen, the sheet would cover the place.
    setSheet(false)
    show('')
    setText(said, `The map shows ${name}`)
    map.fitBounds([at, at], { padding: free(), maxZoom: Math.max(map.getZoom(), ZOOM) })
  }
  /** @param {string} wanted */
  const show = (wanted) => {
    const found = find(places, wanted)
    setText(said, found.length === 0 && wanted.trim() !== '' ? 'No place has this name' : '')
    results.replaceChildren(
      ...found.map((place) => {
        const button = element(
          'button',
          { type: 'button' },
          element('b', {}, place.name),
          element('span', {}, ` ${place.country}`),
        )
        button.addEventListener('click', () => go(place))
        return element('li', {}, button)
      }),
    )
  }
  text.addEventListener('input', () => show(text.value))
  byId('place-form').addEventListener('submit', (event) => {
    event.preventDefault()
    const [first] = find(places, text.value)
    if (first) go(first)
  })
}
