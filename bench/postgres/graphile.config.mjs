/** PostGraphile over the same tables. It runs from the cache folder, where its packages are. */
import { makePgService } from 'postgraphile/adaptors/pg'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'

export default {
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ connectionString: process.env.DATABASE_URL, schemas: ['public'], poolConfig: { max: 8 } })],
  grafserv: { host: '127.0.0.1', port: Number(process.env.PORT), graphqlPath: '/graphql' },
}
