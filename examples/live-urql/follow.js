// Prints a live layer `vehicles` with a column `speed` whenever it changes. urql's Graphcache holds the list.
// node examples/live-urql/follow.js http://127.0.0.1:4000/graphql
import { Client, gql, subscriptionExchange } from '@urql/core'
import { cacheExchange } from '@urql/exchange-graphcache'
import { cacheConfig } from 'geoduck-client/graphcache'
import { createClient } from 'graphql-ws'

const [url = 'http://127.0.0.1:4000/graphql'] = process.argv.slice(2)
const socket = createClient({ url: url.replace('http', 'ws'), retryAttempts: Infinity })

const VEHICLES = gql`{ vehicles { features { id key speed } } }`
const CHANGES = gql`subscription {
  vehiclesChanges {
    ... on VehiclesSnapshotBatch { features { id key speed } }
    ... on VehiclesChangeBatch { added { features { id key speed } } updated { features { id key speed } } removed }
  }
}`
const EMPTY = { vehicles: { __typename: 'VehiclesConnection', features: [] } }

/** The cache knows updated features by their `id`, and has changed them already. */
function vehiclesChanges({ vehiclesChanges: event }, _args, cache) {
  const added = event.features ?? event.added?.features ?? []
  const removed = new Set(event.removed)
  cache.updateQuery({ query: VEHICLES }, (data) => {
    if (event.__typename === 'Reset') return EMPTY
    const left = data.vehicles.features.filter(({ key }) => !removed.has(key))
    return { ...data, vehicles: { ...data.vehicles, features: [...left, ...added] } }
  })
}

const client = new Client({
  url,
  exchanges: [
    cacheExchange({
      ...cacheConfig(['vehicles']),
      updates: { Subscription: { vehiclesChanges } },
      // Without a schema, Graphcache warns of the fragments for other events.
      logger(severity, message) {
        if (severity !== 'debug' && !message.startsWith('Invalid undefined')) console.warn(message)
      },
    }),
    subscriptionExchange({
      forwardSubscription: ({ query, variables }) => ({
        subscribe: (sink) => ({ unsubscribe: socket.subscribe({ query, variables }, sink) }),
      }),
    }),
  ],
})

client.subscription(CHANGES, {}).subscribe(({ error }) => error && console.error(error.message))
client.query(VEHICLES, {}, { requestPolicy: 'cache-only' }).subscribe(({ data }) => {
  console.log((data?.vehicles.features ?? []).map(({ key, speed }) => `${key}: ${speed}`).join(', '))
})
