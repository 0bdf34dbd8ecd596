// A map of what is in view. urql asks for the layer and watches the server; the features stream beside it, over the same socket.
// `npm run build && npx vite examples/urql-maplibre`, then open ?server=http://127.0.0.1:4000&layer=countries
import { Client, fetchExchange, subscriptionExchange } from '@urql/core'
import { connect, streamFeatures } from 'geoduck-client'
import { Map as MapLibre, setWorkerUrl } from 'maplibre-gl'
import 'maplibre-gl/dist/maplibre-gl.css'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url'

const { server = 'http://127.0.0.1:4000', layer = 'countries' } = Object.fromEntries(new URLSearchParams(location.search))
const url = `${server}/graphql`
const status = document.getElementById('status')

const socket = connect(url)
const urql = new Client({
  url,
  exchanges: [
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    }),
    fetchExchange,
  ],
})

setWorkerUrl(workerUrl)
const map = new MapLibre({
  container: 'map',
  style: { version: 8, sources: {}, layers: [{ id: 'sea', type: 'background', paint: { 'background-color': '#dce9f2' } }] },
})
const loaded = map.once('load')

async function start() {
  const { data, error } = await urql.query('query ($layer: String!) { layer(name: $layer) { extent } }', { layer }).toPromise()
  if (error) throw error
  await loaded
  map.addSource('features', { type: 'geojson', data: { type: 'FeatureCollection', features: [] } })
  map.addLayer({
    id: 'features',
    type: 'fill',
    source: 'features',
    paint: { 'fill-color': '#2a9d8f', 'fill-outline-color': '#fff' },
  })
  map.fitBounds(data.layer.extent, { animate: false })
  map.on('moveend', () => void showView())
  await showView()
}

let view = new AbortController()

/** The stream of the view before is cancelled, and the server stops at once. */
async function showView() {
  view.abort()
  view = new AbortController()
  const { signal } = view
  const where = { bbox: map.getBounds().toArray().flat() }
  const features = []
  try {
    for await (const { geojson } of streamFeatures({ client: socket, layer, where, batchSize: 100, signal })) {
      features.push(...geojson.features)
      map.getSource('features').setData({ type: 'FeatureCollection', features })
      status.textContent = `${features.length} features ...`
    }
    status.textContent = `${features.length} features`
  } catch (error) {
    if (!signal.aborted) status.textContent = error.message
  }
}

urql.subscription('subscription { health { streams { running } } }', {}).subscribe(({ data }) => {
  if (data) document.title = `${data.health.streams.running} streams on ${server}`
})

void start()
