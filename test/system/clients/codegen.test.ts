/** GraphQL codegen on what `geoduck schema` prints: a front end's own documents become types that its client takes. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ROOT } from '../../support/environment.ts'
import { runProgram } from '../../support/program.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

const DOCUMENTS = `
query Largest($layer: String!, $where: FeatureFilter, $after: Cursor) {
  features(layer: $layer, where: $where, orderBy: [{ property: "area_km2", direction: DESC }], after: $after) {
    pageInfo { hasNextPage endCursor } totalCount
    features { __typename id layer bbox properties(only: ["name"]) }
  }
}
subscription Stream($layer: String!, $after: Cursor) {
  featureBatches(layer: $layer, after: $after) { sequence count cursor geojson execution { lane } }
}`

/** The configuration from docs/clients.md. */
const CONFIG = /^```yaml\n(.*?)^```$/ms.exec(await readFile(join(ROOT, 'docs/clients.md'), 'utf8'))![1]!

/** Each wrong line is one that must not compile. */
const FRONT_END = `
import { type ApolloClient, gql } from '@apollo/client'
import type { Client } from '@urql/core'
import type { LargestQuery, LargestQueryVariables, StreamSubscription, StreamSubscriptionVariables } from './types.ts'

export async function largest(apollo: ApolloClient, urql: Client): Promise<(string | null)[]> {
  const where = { or: [{ bbox: [0, 0, 1, 1] }, { property: { name: 'area_km2', gte: 1e6 } }] }
  const variables: LargestQueryVariables = { layer: 'countries', where }
  const { data } = await apollo.query<LargestQuery, LargestQueryVariables>({ query: gql\`\`, variables })
  const result = await urql.query<LargestQuery, LargestQueryVariables>('', variables).toPromise()
  const box: number[] | null = data!.features.features[0]!.bbox
  const type: 'CountriesFeature' = data!.features.features[0]!.__typename
  // @ts-expect-error it was not asked for
  data!.features.count
  return [result.data!.features.pageInfo.endCursor, String(box), type]
}

export function lane(urql: Client): void {
  urql.subscription<StreamSubscription, StreamSubscriptionVariables>('', { layer: 'countries' }).subscribe(({ data }) => {
    const lane: 'NORMAL' | 'SERIAL' = data!.featureBatches.execution.lane
    const next: StreamSubscriptionVariables = { layer: lane, after: data!.featureBatches.cursor }
    const names: unknown[] = data!.featureBatches.geojson.features.map(({ properties }) => properties?.['name'])
    void [next, names]
  })
}

// @ts-expect-error there is no such comparison
export const wrong: LargestQueryVariables = { layer: 'countries', where: { property: { name: 'area_km2', above: 1 } } }
// @ts-expect-error the layer is missing
export const missing: StreamSubscriptionVariables = {}
`

const TSC = [
  '--ignoreConfig',
  '--noEmit',
  '--strict',
  '--module',
  'nodenext',
  '--lib',
  'esnext,dom',
  '--types',
  '',
  '--skipLibCheck',
  '--allowImportingTsExtensions',
]

let folder: string
const ENVIRONMENT = { GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION }

beforeAll(async () => {
  // Within the checkout, where codegen and TypeScript find their packages.
  await mkdir(join(ROOT, '.geoduck/test'), { recursive: true })
  folder = await mkdtemp(join(ROOT, '.geoduck/test/codegen-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(process.execPath, [join(ROOT, program), ...args], {
    cwd: folder,
    environment: ENVIRONMENT,
  })
  expect(code, stdout + stderr).toBe(0)
  return stdout
}

test('the printed schema makes types of a front end’s documents', async () => {
  await mkdir(join(folder, 'src'))
  await writeFile(
    join(folder, 'schema.graphql'),
    await run('src/main.ts', 'schema', join(ROOT, '.geoduck/demo/countries.parquet')),
  )
  await writeFile(join(folder, 'src/documents.graphql'), DOCUMENTS)
  await writeFile(join(folder, 'codegen.yml'), CONFIG)
  await run('node_modules/@graphql-codegen/cli/esm/bin.js', '--config', 'codegen.yml')
  expect(await readFile(join(folder, 'src/types.ts'), 'utf8')).toContain(
    'True if the geometry intersects this box, including its border.',
  )
  await writeFile(join(folder, 'src/front-end.ts'), FRONT_END)
  await run('node_modules/typescript/bin/tsc', ...TSC, 'src/front-end.ts')
})
