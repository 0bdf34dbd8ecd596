/** PostGraphile over the same tables. It runs from the cache folder, where its packages are. */
import { jsonParse } from 'postgraphile/@dataplan/json'
import { makePgService } from 'postgraphile/adaptors/pg'
import { context, listen } from 'postgraphile/grafast'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'
import { extendSchema } from 'postgraphile/utils'

/** The subscription to the notifications of the table's trigger. */
const moves = extendSchema({
  typeDefs: `
    extend type Subscription { vehicleMoved: VehicleMoved }
    type VehicleMoved { rowId: Int at: Float geojson: String }`,
  objects: {
    Subscription: {
      plans: {
        vehicleMoved: {
          subscribePlan: () => listen(context().get('pgSubscriber'), 'vehicles', jsonParse),
          plan: ($event) => $event,
        },
      },
    },
  },
})

export default {
  extends: [PostGraphileAmberPreset],
  plugins: [moves],
  pgServices: [
    makePgService({ connectionString: process.env.DATABASE_URL, schemas: ['public'], pubsub: true, poolConfig: { max: 8 } }),
  ],
  grafserv: { host: '127.0.0.1', port: Number(process.env.PORT), graphqlPath: '/graphql', websockets: true },
}
