/** Distinct small requests over HTTP, by the same client to every server. */
import { join } from 'node:path'
import { runForSample } from '../child.ts'
import { PAGE_FEATURES, type QuestionKind, questionsFile } from '../data/questions.ts'
import type { Rig } from '../rig.ts'
import type { Arm } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'requests.ts')

export interface Asked {
  readonly layer: 'points' | 'buildings'
  readonly kind: QuestionKind
  readonly concurrency: number
  /** Asks the first questions again and again. @default each question once */
  readonly distinct?: number
}

export interface Target {
  readonly path: string
  readonly body: string | null
  /** Bytes that each feature of an answer has once. */
  readonly marker: string
}

export function requestsArm(
  { layer, kind, concurrency, distinct }: Asked,
  server: (rig: Rig) => Promise<string>,
  target: Target,
): Arm {
  return {
    run: async (rig) => {
      const options = {
        url: `${await server(rig)}${target.path}`,
        body: target.body,
        marker: kind === 'count' ? null : target.marker,
        questions: questionsFile(rig.data, layer, kind),
        concurrency,
        distinct,
        seconds: rig.seconds,
      }
      return runForSample([CLIENT, JSON.stringify(options)])
    },
  }
}

/** Each kind has variables, a root field and their values. The text of a document stays the same, so that a server may keep it parsed. */
const GEODUCK = {
  box: ['$bbox: BBox!', 'features(layer: $layer, where: { bbox: $bbox }, first: 10000) { geojson }', '"bbox":[$1,$2,$3,$4]'],
  count: ['$bbox: BBox!', 'features(layer: $layer, where: { bbox: $bbox }) { totalCount }', '"bbox":[$1,$2,$3,$4]'],
  key: ['$id: ID!', 'feature(layer: $layer, id: $id) { geometry properties }', '"id":$1'],
  text: [
    '$text: JSON!',
    'features(layer: $layer, where: { property: { name: "name", eq: $text } }, first: 10000) { geojson }',
    '"text":$1',
  ],
  page: [
    '$text: JSON!, $least: JSON!',
    `features(layer: $layer, where: { and: [{ property: { name: "class", eq: $text } }, { property: { name: "height", gte: $least } }] },
      orderBy: [{ property: "name" }], first: ${PAGE_FEATURES}) { geojson }`,
    '"text":$1,"least":$2',
  ],
} as const

/** `served`: the name of the layer at our server, which may serve it from a file or from a table. */
export function geoduckArm(served: string, asked: Asked): Arm {
  const [parameters, field, variables] = GEODUCK[asked.kind]
  const query = `query ($layer: String!, ${parameters}) { ${field} }`
  const body = `{"query":${JSON.stringify(query)},"variables":{"layer":"${served}",${variables}}}`
  const marker = asked.kind === 'key' ? '"properties":' : '"type":"Feature"'
  return requestsArm(asked, async ({ server }) => `${server.url}/graphql`, { path: '', body, marker })
}

/** The fair Python server, which answers from the file. */
export function fairPythonArm(asked: Asked): Arm {
  const target = { path: pathOf(asked, asked.layer), body: null, marker: '"type":"Feature"' }
  return requestsArm(asked, (rig) => rig.fairPython(), target)
}

const VALUES: Readonly<Record<QuestionKind, number>> = { box: 4, count: 4, key: 1, text: 1, page: 2 }

/** The path of a question at a rival that answers plain HTTP. */
export function pathOf({ kind }: Asked, table: string): string {
  return `/${table}/${kind}?${Array.from({ length: VALUES[kind] }, (_, n) => `v=$${n + 1}`).join('&')}`
}
