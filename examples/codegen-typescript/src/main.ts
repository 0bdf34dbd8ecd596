/**
 * Typed queries without a cast. Start the demo (`npm start`) and run this:
 *
 *     geoduck schema --url http://127.0.0.1:4000/graphql > schema.graphql
 *     npx graphql-codegen
 *     npx tsc
 *     node src/main.ts http://127.0.0.1:4000/graphql
 */
import { graphql } from './gql/gql.ts'
import type { ObservationsFilter } from './gql/graphql.ts'
import { Server } from './server.ts'

const PAGE = graphql(`
  query Page($where: ObservationsFilter, $after: Cursor) {
    observations(where: $where, orderBy: [{ by: OBSERVED_AT, direction: DESC }], first: 3, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      features { key species individuals observedAt geometry }
    }
  }
`)

const STREAM = graphql(`
  subscription Stream($where: ObservationsFilter) {
    observations(where: $where, batchSize: 500) { features { species individuals } }
  }
`)

const GROUPS = graphql(`
  query Groups($where: ObservationsFilter) {
    observationsAggregate(
      where: $where
      groupBy: [SPECIES]
      orderBy: [{ by: SUM, column: INDIVIDUALS, direction: DESC }]
      first: 2
    ) {
      rows { species count individuals { sum max avg } }
    }
  }
`)

const server = new Server(process.argv[2] ?? 'http://127.0.0.1:4000/graphql')

/** A filter is checked when it is written: a column and a value that do not fit each other do not compile. */
const where: ObservationsFilter = {
  species: { startsWith: 'B' },
  individuals: { gte: 3 },
  geometry: { bbox: [5, 47, 15, 55] },
}

const { observations: page } = await server.query(PAGE, { where })
console.log(`${page.totalCount} observations, the latest:`)
for (const { species, individuals, observedAt, geometry } of page.features) {
  const place = geometry?.type === 'Point' ? geometry.coordinates.map((degrees) => degrees.toFixed(2)).join(', ') : 'nowhere'
  console.log(`${observedAt} ${individuals ?? 0} ${species?.toUpperCase()} at ${place}`)
}

const { observations: next } = await server.query(PAGE, { where, after: page.pageInfo.endCursor })
console.log(`The next page has ${next.features.length} observations.`)

let individuals = 0
for await (const { observations: batch } of server.subscribe(STREAM, { where })) {
  for (const feature of batch.features) individuals += feature.individuals ?? 0
}
console.log(`${individuals} individuals in all of them.`)

const { observationsAggregate: groups } = await server.query(GROUPS, { where })
for (const { species, count, individuals } of groups.rows) {
  console.log(
    `${species?.toUpperCase()}: ${count} observations, ${individuals.avg?.toFixed(1)} individuals each, at most ${individuals.max}`,
  )
}
