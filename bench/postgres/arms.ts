/** Any row may take these arms. They need `--postgres`. */
import { runLines } from '../arms/lines.ts'
import { type Asked, pathOf, requestsArm } from '../arms/requests.ts'
import type { Arm } from '../row.ts'
import { TABLE_OF } from './schema.ts'

/** `plain` is the table without an index on text. */
export interface PostgresAsked extends Asked {
  readonly plain?: boolean
}

const tableNamed = ({ layer, plain }: PostgresAsked) => (plain ? `${TABLE_OF[layer]}_plain` : TABLE_OF[layer])

export function nodePostgresArm(asked: PostgresAsked): Arm {
  const target = { path: pathOf(asked, tableNamed(asked)), body: null, marker: '"type": "Feature"' }
  return { needs: 'postgres', ...requestsArm(asked, async ({ postgres }) => postgres!.nodePostgres, target) }
}

export function postgraphileArm(asked: PostgresAsked): Arm {
  const { query, variables } = postgraphileQuery(asked)
  const body = `{"query":${JSON.stringify(query)},"variables":${variables}}`
  return {
    needs: 'postgres',
    ...requestsArm(asked, async ({ postgres }) => postgres!.postgraphile, { path: '', body, marker: '"rowId":' }),
  }
}

function postgraphileQuery(asked: PostgresAsked): { readonly query: string; readonly variables: string } {
  const { layer, kind, plain } = asked
  const [one, many] =
    layer === 'points' ? ['place', 'places'] : plain ? ['buildingsPlain', 'buildingsPlain'] : ['building', 'buildings']
  const columns = layer === 'points' ? 'name category value ts' : 'name class height levels builtYear'
  const feature = `rowId ${columns} geojson`
  if (kind === 'key') {
    return { query: `query ($id: BigInt!) { ${one}ByRowId(rowId: $id) { ${feature} } }`, variables: '{"id":"$1"}' }
  }
  if (kind === 'text') {
    return {
      query: `query ($wanted: String!) { ${many}Named(wanted: $wanted) { nodes { ${feature} } } }`,
      variables: '{"wanted":$1}',
    }
  }
  if (kind === 'page') {
    const query = `query ($wanted: String!, $lowest: Float!) { ${many}Page(wanted: $wanted, lowest: $lowest) { nodes { ${feature} } } }`
    return { query, variables: '{"wanted":$1,"lowest":$2}' }
  }
  const selection = kind === 'count' ? 'totalCount' : `nodes { ${feature} }`
  const query = `query ($west: Float!, $south: Float!, $east: Float!, $north: Float!) {
    ${many}Box(west: $west, south: $south, east: $east, north: $north) { ${selection} } }`
  return { query, variables: '{"west":$1,"south":$2,"east":$3,"north":$4}' }
}

/** All features of a layer by a cursor, one in each line. */
export function nodePostgresStreamArm(layer: keyof typeof TABLE_OF, rows: number): Arm {
  return {
    needs: 'postgres',
    run: ({ postgres }) => runLines(`${postgres!.nodePostgres}/${TABLE_OF[layer]}/stream`, rows),
  }
}
