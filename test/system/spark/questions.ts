/** 100 questions to the layer `edges` of test/fixtures/spark.py, and what a server answers. */
import { tableFromIPC } from 'apache-arrow'
import type { FeatureFilter, FeatureOrder } from '../../../src/graphql/generated.ts'
import { type Answer, type PageInfo, post, type Served } from '../../support/graphql.ts'

export interface Question {
  readonly where: FeatureFilter | null
  readonly orderBy: readonly FeatureOrder[]
  readonly first: number
  readonly select: string
}

const property = (name: string, tests: object): FeatureFilter => ({ property: { name, ...tests } })
const ODD = 'odd `name` "it\'s" ?'
const TRIANGLE = {
  geojson: {
    type: 'Polygon',
    coordinates: [
      [
        [-40, -30],
        [70, -20],
        [20, 60],
        [-40, -30],
      ],
    ],
  },
}

const FILTERS: readonly (FeatureFilter | null)[] = [
  null,
  ...(['eq', 'ne', 'lt', 'gte'] as const).flatMap((operator) => [
    property('tiny', { [operator]: 0 }),
    property('big', { [operator]: '9007199254740993' }),
    property('single', { [operator]: 0.1 }),
    property('double', { [operator]: 0 }),
    property('amount', { [operator]: -0.0001 }),
    property('text', { [operator]: 'a' }),
    property('day', { [operator]: '1582-10-04' }),
    property('local', { [operator]: '1969-12-31T23:59:59.999999' }),
    property('moment', { [operator]: '2026-03-29T02:30:00+01:00' }),
  ]),
  property('wide', { lte: '0' }),
  property('code', { eq: 'AP8=' }),
  property('flag', { eq: true }),
  property(ODD, { eq: 1 }),
  property('whole', { between: [-1, 7] }),
  property('text', { in: ['ä', '', '\u{1F986}', "it's"] }),
  property('text', { startsWith: 'a%' }),
  property('text', { like: '%a%' }),
  property('text', { like: 'a_' }),
  property('text', { ilike: 'I%' }),
  property('text', { eq: 'a', collate: ['NOCASE', 'NOACCENT'] }),
  property('text', { isNull: true }),
  property('deep', { path: ['a', 'b'], eq: 5 }),
  property('deep', { path: ['c.d'], gte: 'y' }),
  property('numbers', { has: 3 }),
  property('numbers', { hasAll: [1, 3] }),
  { not: property('double', { gt: 0 }) },
  { not: property('whole', { in: [7, -1] }) },
  { not: { or: [property('tiny', { eq: 1 }), property('text', { ilike: 'a%' })] } },
  { not: { not: property('single', { lte: 0 }) } },
  { bbox: [0, 0, 60, 40] },
  { bbox: [150, -60, -150, 60] },
  { intersects: TRIANGLE },
  { within: TRIANGLE },
  { disjoint: TRIANGLE },
  { not: { intersects: TRIANGLE } },
  { dWithin: { geometry: { wkt: 'POINT(10 20)' }, distance: 1_500_000 } },
  { and: [{ bbox: [-90, -45, 90, 45] }, property('flag', { eq: false }), property('tiny', { gte: 0 })] },
  { or: [property('id', { lt: -500 }), { bbox: [100, 10, 120, 30] }] },
  { and: [property('id', { gt: 0 }), { or: [property('day', { isNull: true }), { not: { bbox: [-170, -80, 0, 80] } }] }] },
]

const ORDERS: readonly (readonly FeatureOrder[])[] = [
  [],
  [{ property: 'double', direction: 'DESC', nulls: 'LAST' }],
  [{ property: 'text', direction: 'ASC', nulls: 'FIRST' }, { property: 'tiny' }],
  [],
  [{ property: 'moment', direction: 'DESC', nulls: 'FIRST' }],
  [{ property: 'id', direction: 'DESC' }],
  [{ distance: { to: { wkt: 'POINT(10 20)' } } }],
]

/** Texts and numbers of all kinds, and each representation of a geometry. */
const SELECTIONS = [
  'features { id key properties geometry(as: WKT) }',
  'geojson(precision: 3, bbox: true)',
  'arrow',
  'features { key bbox geometry(as: EWKB) properties(only: ["text", "deep"]) } totalCount',
  'edges { cursor node { id geometry(crs: "EPSG:3857", simplify: 1000) } }',
  'arrow(geometry: WKB, only: ["double", "local", "numbers"])',
  'features { __typename key geometry(as: TWKB, precision: 3) properties(only: ["wide", "big", "day"]) }',
  'geojson(only: ["amount", "moment"], simplify: 0.1)',
]

export const QUESTIONS: readonly Question[] = Array.from({ length: 100 }, (_, n) => ({
  where: FILTERS[n % FILTERS.length]!,
  orderBy: ORDERS[n % ORDERS.length]!,
  first: [400, 150, 1_000][n % 3]!,
  select: SELECTIONS[n % SELECTIONS.length]!,
}))

const DOCUMENT = (select: string) => `query ($where: FeatureFilter, $orderBy: [FeatureOrder!], $first: Int, $after: Cursor) {
  features(layer: "edges", where: $where, orderBy: $orderBy, first: $first, after: $after) {
    count ${select} pageInfo { hasNextPage hasPreviousPage endCursor }
  }
}`

/** Pages that are read of an answer. */
const PAGES = 2

/** Returns the bytes of the first pages, without cursors, which are bound to the content of a layer. Arrow is decoded. */
export async function answerOf(server: Served, { select, ...variables }: Question): Promise<string[]> {
  const pages: string[] = []
  let after: string | null = null
  do {
    const response = await post(server, { query: DOCUMENT(select), variables: { ...variables, after } })
    const text = await response.text()
    const { data } = JSON.parse(text) as Answer<{ features: { pageInfo: PageInfo; arrow?: string } }>
    if (!data) throw new Error(text)
    const { pageInfo, arrow } = data.features
    pages.push(
      text
        .replaceAll(/"(endCursor|cursor)":"[^"]+"/g, '"$1":"..."')
        .replace(/"arrow":"[^"]+"/, () => `"arrow":${JSON.stringify(decoded(Buffer.from(arrow!, 'base64')))}`),
    )
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null && pages.length < PAGES)
  return pages
}

/** The fields with their types and metadata, and the bytes of the columns as texts. */
export function decoded(bytes: Uint8Array): unknown {
  const table = tableFromIPC(bytes)
  return {
    fields: table.schema.fields.map(({ name, type, metadata }) => [name, String(type), [...metadata]]),
    rows: table.toArray().map((row) => plain(row.toJSON())),
  }
}

/** A value in which -0, NaN and wide numbers are texts. */
export function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'number')
    return Object.is(value, -0) || !Number.isFinite(value) ? `(${Object.is(value, -0) ? '-0' : value})` : value
  if (value === null || typeof value !== 'object') return value
  if (ArrayBuffer.isView(value)) return Array.from(value as Uint8Array, plain)
  if ('toJSON' in value && typeof value.toJSON === 'function') return plain(value.toJSON())
  if (Array.isArray(value)) return value.map(plain)
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]))
}
