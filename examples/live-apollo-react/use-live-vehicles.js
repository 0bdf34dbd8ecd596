import { gql } from '@apollo/client'
import { useQuery, useSubscription } from '@apollo/client/react'

const PARTS = gql`fragment Vehicle on VehiclesFeature { id key speed }`
const VEHICLES = gql`query Vehicles { vehicles { features { ...Vehicle } } } ${PARTS}`
const CHANGES = gql`subscription VehiclesChanges {
  vehiclesChanges {
    ... on VehiclesSnapshotBatch { features { ...Vehicle } }
    ... on VehiclesChangeBatch { added { features { ...Vehicle } } updated { features { ...Vehicle } } removed }
  }
} ${PARTS}`
const EMPTY = { vehicles: { __typename: 'VehiclesConnection', features: [] } }

/** Returns the features of the live layer, which the subscription keeps in step. */
export function useLiveVehicles() {
  const { error } = useSubscription(CHANGES, {
    ignoreResults: true,
    onData: ({ client, data: { data } }) => data && apply(client.cache, data.vehiclesChanges),
  })
  const { data } = useQuery(VEHICLES, { fetchPolicy: 'cache-only' })
  return { vehicles: data?.vehicles?.features ?? [], error }
}

/** The cache knows updated features by their `id`, and has changed them already. */
function apply(cache, event) {
  if (event.__typename === 'Reset') cache.writeQuery({ query: VEHICLES, data: EMPTY })
  const added = event.features ?? event.added?.features ?? []
  const removed = new Set(event.removed)
  if (added.length + removed.size === 0) return
  const vehicles = (list, { readField, toReference }) => {
    const left = list.features.filter((feature) => !removed.has(readField('key', feature)))
    return { ...list, features: [...left, ...added.map((feature) => toReference(feature))] }
  }
  cache.modify({ fields: { vehicles } })
}
