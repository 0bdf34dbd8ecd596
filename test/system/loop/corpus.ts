/**
 * The largest requests that limits let in, and some that they refuse, of every kind that anybody has thought of. Each is made for a size from 0
 * to 1, of which 1 is the limit itself, and with numbers of a generator: a search continues from the worst of them.
 */
import { column } from '../../fixtures/loop.ts'
import type { Random } from '../../support/random.ts'
import {
  asked,
  bodied,
  filtered,
  http,
  many,
  type Request,
  ROOM,
  repeat,
  socket,
  sse,
  TOKENS,
  VERTICES,
  WHERE,
} from './request.ts'

export interface Kind {
  readonly name: string
  readonly make: (size: number, numbers: Pick<Random, 'next'>) => readonly Request[]
}

const ITEMS = 10_000
/** The type of features of a layer of `many.duckdb`. */
const typeOf = (n: number) => `ALayerWithAName_${String(n).padStart(4, '0')}Feature`
const FILTERS = 100

// ---- text

const text: readonly Kind[] = [
  {
    name: 'one field again and again',
    make: (size) => [
      http(`{ features(layer: "points", first: 1) { ${repeat(size * (TOKENS - 15), () => 'count')} } }`),
      http(`{ ${repeat((size * (TOKENS - 4)) / 9, () => 'features(layer: "points") { count }')} }`),
      http(`{ ${repeat((size * (TOKENS - 4)) / 12, () => 'features(layer: "points") { features { id } }')} }`),
      http(`{ layers { ${repeat((size * (TOKENS - 8)) / 8, () => 'columns { name type } crs { code }')} } }`),
      http(
        `{ features(layer: "points", first: 1) { ${repeat((size * (TOKENS - 15)) / 9, () => 'geojson(precision: 7, bbox: true)')} } }`,
      ),
    ],
  },
  {
    name: 'fragments',
    make: (size, numbers) => {
      const count = Math.floor((size * TOKENS) / 12)
      const names = many(count, (n) => `f${n}`)
      const spread = names.map((name) => `...${name}`).join(' ')
      const flat = names.map((name) => `fragment ${name} on FeatureConnection { count pageInfo { endCursor } }`).join(' ')
      const chain = names
        .map((name, n) => `fragment ${name} on FeatureConnection { count ${n + 1 < count ? `...f${n + 1}` : ''} }`)
        .join(' ')
      const star = names.map((name) => `fragment ${name} on FeatureConnection { features { ...g } }`).join(' ')
      const half = Math.floor(count / 2)
      const random = many(
        half,
        (n) => `fragment f${n} on FeatureConnection { count ${repeat(3, () => `...f${Math.floor(numbers.next() * half)}`)} }`,
      ).join(' ')
      const forward = many(
        half,
        (n) =>
          `fragment f${n} on FeatureConnection { features { id } ${repeat(3, (k) => (n + k + 1 < half ? `...f${n + k + 1}` : ''))} }`,
      ).join(' ')
      const all = `{ features(layer: "points") { ${spread} } }`
      return [
        http(`${all} ${flat}`),
        http(`{ features(layer: "points") { ...f0 } } ${chain}`),
        http(`${all} ${star} fragment g on Feature { id }`),
        http(`{ features(layer: "points") { ...f0 ...f1 } } ${random}`),
        http(`{ features(layer: "points") { ...f0 ...f1 } } ${forward}`),
        http(`{ ${repeat(5, () => 'features(layer: "points") { ...f0 ...f1 }')} } ${forward}`),
      ]
    },
  },
  {
    name: 'a long text',
    make: (size) => {
      const length = Math.floor(size * ROOM)
      const unknown = repeat(60, (n) => `u${n}`)
      return [
        { wire: 'http', text: `{"query":"${'\\n'.repeat(length / 2)}{ ${unknown} }"}` },
        { wire: 'http', text: `{"query":"{${repeat(60, () => `x${'\\n'.repeat(length / 120)}`, '')}}"}` },
        http(`{ ${unknown} }${','.repeat(length)}`),
        http(`${'#\n'.repeat(length / 3)}{ ${unknown} }`),
        http(`{ layer(name: "${'x'.repeat(length)}") { name } }`),
        http(`{ layer(name: """${' \n'.repeat(length / 3.1)}x""") { name } }`),
        http(`{ layer(name: "${'\\u0041'.repeat(length / 8)}") { name } }`),
        http(`{ ${'x'.repeat(length)} }`),
        http(`{ features(layer: "points", first: ${'1'.repeat(length)}) { count } }`),
        http(`{ features(layer: "points") { features { geometry(simplify: 1.${'1'.repeat(length)}) } } }`),
        http(`{ layer(name: "${'x'.repeat(length)}`),
        http(
          `{ features(layer: "points", where: { dWithin: { geometry: { wkt: "POINT(1 1)", crs: "${'A'.repeat(length)}" }, distance: 1 } }) { count } }`,
        ),
        http('€'.repeat(length / 3)),
      ]
    },
  },
  {
    name: 'many of what is small',
    make: (size) => [
      http(repeat((size * TOKENS) / 8, (n) => `query q${n}($v: Int) { layers { name } }`)),
      http(`${repeat((size * TOKENS) / 10, (n) => `query q${n} { ...f }`)} fragment f on Query { layers { name } }`),
      http(
        `query (${repeat((size * TOKENS) / 8, (n) => `$v${n}: [Int]`)}) { features(layer: "points") { count } ${repeat(1, () => '')} }`,
      ),
      http(
        `query (${repeat((size * TOKENS) / 14, (n) => `$v${n}: Boolean!`)}) { features(layer: "points") { ${repeat((size * TOKENS) / 14, (n) => `count @skip(if: $v${n})`)} } }`,
      ),
      http(`{ ${repeat(size * TOKENS * 0.95, (n) => `unknown${n}`)} }`),
      http(`{ features(layer: "points", where: ${'{not: '.repeat(size * 600)}{}${'}'.repeat(size * 600)}) { count } }`),
      http(
        `{ features(layer: "points", where: {property: {name: "name", in: ${'['.repeat(size * 950)}${']'.repeat(size * 950)}}}) { count } }`,
      ),
      http(
        `{ features(layer: "points", where: {property: {name: "name", in: [${repeat(size * 1_950, (n) => `"${n}"`)}]}}) { count } }`,
      ),
      http(`{ features(layer: "points") { ${repeat((size * TOKENS) / 9, () => 'count @skip(if: true) @skip(if: true)')} } }`),
      http(`{${'layers{columns{'.repeat(size * 400)}name${'}}'.repeat(size * 400)}}`),
      http(`{ ${repeat((size * TOKENS) / 5, (n) => `a${n}: __typename`)} }`),
    ],
  },
  {
    name: 'the schema',
    make: (size) => {
      const nested = (count: number) => `${'... on Node { ... on Feature { '.repeat(count)}id${' } }'.repeat(count)}`
      const roots = repeat(5, (n) => `s${n}: __schema { ...s }`)
      const aliases = repeat(size * 600, (n) => `n${n}: name`)
      return [
        http(INTROSPECTION),
        http(
          `{ ${roots} } fragment s on __Schema { types { ...t fields { ...f type { ...t fields { ...f type { ...t } args { ...i } } } args { ...i } } inputFields { ...i } } } ${PARTS}`,
        ),
        http(`{ node(id: "points:1") { ${nested(size * 180)} } }`),
        http(`{ node(id: "points:1") { ${repeat(size * 240, (n) => `... on ${typeOf(n)} { id }`)} } }`),
        http(
          `{ features(layer: "points") { features { ${repeat(size * 240, (n) => `... on ${typeOf(n)} { id key geometry }`)} } } }`,
        ),
        http(`{ __schema { types { possibleTypes { ${aliases} } } } }`),
        http(`{ __schema { types { fields { type { fields { type { ${aliases} } } } } } } }`),
        http(`{ __schema { types { fields { args { type { inputFields { type { ${aliases} } } } } } } } }`),
        http(
          `{ ${repeat(size * 150, (n) => `s${n}: __schema { ...s }`)} } fragment s on __Schema { types { ...t fields { ...f args { ...i } } } } ${PARTS}`,
        ),
        http(
          `{ ${repeat(size * 150, (n) => `s${n}: __type(name: "Query") { ...t fields { ...f type { ...t } args { ...i } } }`)} } ${PARTS}`,
        ),
      ]
    },
  },
]

const PARTS = `fragment t on __Type { kind name description specifiedByURL } fragment f on __Field { name description isDeprecated deprecationReason }
  fragment i on __InputValue { name description defaultValue type { kind name ofType { kind name ofType { kind name ofType { kind name } } } } }`

const INTROSPECTION = `query IntrospectionQuery { __schema { queryType { name } mutationType { name } subscriptionType { name } types { ...FullType }
  directives { name description locations args { ...InputValue } } } }
  fragment FullType on __Type { kind name description fields(includeDeprecated: true) { name description args(includeDeprecated: true) { ...InputValue } type { ...TypeRef } isDeprecated deprecationReason }
  inputFields(includeDeprecated: true) { ...InputValue } interfaces { ...TypeRef } enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } possibleTypes { ...TypeRef } }
  fragment InputValue on __InputValue { name description type { ...TypeRef } defaultValue isDeprecated deprecationReason }
  fragment TypeRef on __Type { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }`

// ---- geometry

type Xy = readonly [number, number]

/** A ring around a position, with this number of positions. */
function ring(vertices: number, radius: number, digits: number, [x, y]: Xy = [0, 0]): Xy[] {
  const count = Math.max(4, Math.floor(vertices))
  return many(count, (n) => {
    const angle = (2 * Math.PI * (n % (count - 1))) / (count - 1)
    return [Number((x + radius * Math.cos(angle)).toFixed(digits)), Number((y + (radius / 2) * Math.sin(angle)).toFixed(digits))]
  })
}

const wkt = (positions: readonly Xy[]) => `POLYGON((${positions.map((xy) => xy.join(' ')).join(', ')}))`
const lineOf = (positions: readonly Xy[]) => `LINESTRING(${positions.map((xy) => xy.join(' ')).join(', ')})`

function wkb(positions: readonly Xy[], encoding: 'hex' | 'base64', srid?: number): string {
  const head = srid === undefined ? 13 : 17
  const bytes = Buffer.alloc(head + 16 * positions.length)
  bytes.set([1, 3])
  if (srid !== undefined) {
    bytes[4] = 0x20
    bytes.writeUInt32LE(srid, 5)
  }
  bytes.writeUInt32LE(1, head - 8)
  bytes.writeUInt32LE(positions.length, head - 4)
  for (const [n, [x, y]] of positions.entries()) {
    bytes.writeDoubleLE(x, head + 16 * n)
    bytes.writeDoubleLE(y, head + 8 + 16 * n)
  }
  return bytes.toString(encoding)
}

/** A number as TWKB has it: seven bits per byte. */
function varint(number: number): number[] {
  const bytes: number[] = []
  let rest = number
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push(128 + (rest % 128))
  return [...bytes, rest]
}

/** A polygon with seven digits: each number is the difference to the one before, its sign in the lowest bit. */
function twkb(positions: readonly Xy[], encoding: 'hex' | 'base64'): string {
  let before: Xy = [0, 0]
  const numbers = positions.flatMap((position) => {
    const at: Xy = [Math.round(position[0] * 1e7), Math.round(position[1] * 1e7)]
    const steps = [at[0] - before[0], at[1] - before[1]]
    before = at
    return steps.flatMap((step) => varint(step < 0 ? -2 * step - 1 : 2 * step))
  })
  return Buffer.from([0xe3, 0, 1, ...varint(positions.length), ...numbers]).toString(encoding)
}

const hexOf = (bytes: readonly number[]) => Buffer.from(bytes).toString('hex')

/** The maximum number for `wkt` in a body. */
const mostIn = (bytes: number, each: number) => Math.floor(ROOM / each / bytes)

const geometries: readonly Kind[] = [
  {
    name: 'one large geometry',
    make: (size, numbers) => {
      const digits = 2 + Math.floor(numbers.next() * 10)
      const positions = ring(size * VERTICES, 80, digits)
      const geojson = { type: 'Polygon', coordinates: [positions] }
      const short = ring(size * VERTICES, 80, 5)
      return [
        ...filtered('points', { intersects: { geojson } }, 'count pageInfo { endCursor }'),
        ...filtered('points', { within: { wkt: wkt(positions) } }, 'count pageInfo { endCursor }'),
        ...filtered('points', { within: { wkb: wkb(positions, 'hex') } }),
        ...filtered('points', { within: { wkb: wkb(positions, 'base64') } }),
        ...filtered('planar', { within: { wkt: wkt(short), crs: 'OGC:CRS84' } }),
        ...filtered('planar', { within: { wkt: `SRID=4326;${wkt(short)}` } }),
        ...filtered('planar', { within: { wkb: wkb(positions, 'hex', 4326) } }),
        ...filtered('planar', { within: { twkb: twkb(positions, 'hex'), crs: 'OGC:CRS84' } }),
        ...filtered('points', { within: { twkb: twkb(positions, 'hex') } }),
        ...filtered('points', { within: { twkb: twkb(positions, 'base64') } }),
        ...filtered('points', { intersects: { twkb: `0700${hexOf(varint(size * VERTICES))}${'0110'.repeat(size * VERTICES)}` } }),
        ...filtered('points', {
          intersects: { twkb: `0700${hexOf(varint(size * VERTICES))}${'01000204'.repeat(size * VERTICES)}` },
        }),
        ...filtered('points', { intersects: { geojson: { type: 'MultiPoint', coordinates: short } } }),
        ...filtered('points', {
          intersects: {
            geojson: {
              type: 'GeometryCollection',
              geometries: short.slice(0, 18_000).map((xy) => ({ type: 'Point', coordinates: xy })),
            },
          },
        }),
        ...filtered('points', {
          intersects: { wkt: `GEOMETRYCOLLECTION(${repeat(size * 2 * VERTICES, () => 'POINT EMPTY', ',')})` },
        }),
        ...filtered('points', {
          intersects: { wkt: `MULTIPOLYGON(${repeat(size * (VERTICES / 4), () => '((0 0, 1 0, 1 1, 0 0))', ',')})` },
        }),
        ...filtered('points', { intersects: { geojson: { type: 'Polygon', coordinates: many(size * 2 * VERTICES, () => []) } } }),
      ]
    },
  },
  {
    name: 'a geometry that is refused',
    make: (size) => {
      const length = Math.floor(size * ROOM)
      return [
        ...filtered('points', { intersects: { wkt: `POINT(${'1'.repeat(Math.min(length, 20_000))}x` } }),
        ...filtered('points', { intersects: { wkt: `POINT(1${'0'.repeat(length)} 1)` } }),
        ...filtered('points', { intersects: { wkt: `${' '.repeat(length)}x` } }),
        ...filtered('points', { intersects: { wkt: `SRID${' '.repeat(length)}x` } }),
        ...filtered('points', { intersects: { wkt: 'X'.repeat(length) } }),
        ...filtered('points', { intersects: { wkb: `01${'00'.repeat(length / 2)}` } }),
        ...filtered('points', { intersects: { wkb: `0${'0'.repeat(length)}x` } }),
        ...filtered('points', { intersects: { wkb: `A${'A'.repeat(length)}!` } }),
        ...filtered('points', { intersects: { wkt: `SRID=${'1'.repeat(length)};POINT(1 1)` } }),
        ...filtered('points', { intersects: { wkt: `SRID=3857;${' '.repeat(length)}x` } }),
        ...filtered('points', { intersects: { twkb: `0700c0843d${'0110'.repeat(length / 4)}` } }),
        ...filtered('points', { intersects: { twkb: `0100${'80'.repeat(length / 2)}` } }),
        ...filtered('points', { intersects: { twkb: `A${'A'.repeat(length)}!` } }),
        ...filtered('points', { intersects: { wkt: `MULTIPOINT(${repeat(length / 4, () => '1 1', ',')})` } }),
        ...filtered('points', { intersects: { geojson: { type: 'MultiPoint', coordinates: many(length / 6, () => [1, 1]) } } }),
        ...filtered('points', { intersects: { geojson: many(length / 2, () => 1) } }),
        ...filtered('points', { intersects: { geojson: { type: 'x'.repeat(length) } } }),
      ]
    },
  },
  {
    name: 'many geometries',
    make: (size, numbers) => {
      const count = Math.max(1, Math.floor(size * (FILTERS - 2)))
      const each = Math.max(4, Math.min(VERTICES, mostIn(20, count)))
      const some = (n: number) => wkt(ring(each, 10, 3, [n, 0]))
      const radius = 1 + Math.floor(numbers.next() * 60)
      return [
        ...filtered('points', { or: many(count, (n) => ({ intersects: { wkt: some(n / 2) } })) }),
        ...filtered('planar', { or: many(count, (n) => ({ intersects: { wkt: some(n / 2), crs: `EPSG:${4267 + n}` } })) }),
        ...filtered('points', { or: many(count, (n) => ({ not: { bbox: [n, 0, n + 1, radius] } })) }),
        ...filtered('points', {
          and: many(count, () =>
            Object.fromEntries(
              ['intersects', 'within', 'contains', 'disjoint', 'touches', 'crosses', 'overlaps', 'equals'].map((name) => [
                name,
                { bbox: [170, -radius, -170, radius] },
              ]),
            ),
          ),
        }),
      ]
    },
  },
  {
    name: 'distances',
    make: (size, numbers) => {
      const count = Math.max(1, Math.floor(size * (FILTERS - 2)))
      const far = (n: number) => lineOf(many(65, (k) => [-179 + ((k * 5.5) % 350), ((k * 37 + n) % 120) - 60]))
      const dots = (k: number) => `MULTIPOINT(${repeat(k, (n) => `${-179 + ((n * 5.5) % 350)} ${((n * 37) % 120) - 60}`, ',')})`
      const dWithin = (geometry: string, distance: number) => ({ dWithin: { geometry: { wkt: geometry }, distance } })
      const reach = 10 ** (numbers.next() * 5)
      const zigzag = lineOf(many(size * VERTICES, (n) => [n % 2, (n % 7) / 10]))
      const jumps = `MULTILINESTRING(${repeat(size * (VERTICES / 2), (n) => `(${-170 + (n % 63) * 5} ${((n * 7) % 120) - 60}, ${(-170 + (n % 63) * 5 + 0.001).toFixed(3)} ${((n * 7) % 120) - 60})`, ',')})`
      const points = `MULTIPOINT(${repeat(size * VERTICES, (n) => `${-170 + (n % 63) * 5} ${((n % 63) * 7) % 80}`, ',')})`
      return [
        ...filtered('points', { or: many(count, () => dWithin(dots(64), 5e6)) }),
        ...filtered('points', { or: many(count, () => dWithin(dots(64), reach)) }),
        ...filtered('points', {
          or: many(count, () =>
            dWithin(
              lineOf([
                [0, 0],
                [50, 0],
              ]),
              200_000,
            ),
          ),
        }),
        ...filtered('points', { or: many(count, (n) => dWithin(far(n), reach)) }),
        ...filtered('points', dWithin(zigzag, 0)),
        ...filtered('points', dWithin(zigzag, reach)),
        ...filtered('points', dWithin(jumps, 0)),
        ...filtered('points', dWithin(jumps, 200_000)),
        ...filtered('points', dWithin(points, 5e6)),
        ...filtered('points', dWithin(points, 0)),
        ...filtered(
          'points',
          dWithin(
            lineOf([
              [-180, 89],
              [180, 89],
            ]),
            0,
          ),
        ),
        ...filtered(
          'points',
          dWithin(
            lineOf([
              [-170, -89.9],
              [170, -89.9],
            ]),
            0,
          ),
        ),
        ...filtered(
          'points',
          dWithin(
            lineOf([
              [-90, -45],
              [90, 45],
            ]),
            0,
          ),
        ),
        ...filtered('points', dWithin(wkt(ring(size * VERTICES, 3, 4)), reach)),
        ...filtered('points', dWithin(wkt(ring(size * VERTICES, 20, 4)), reach)),
        ...filtered('planar', { or: many(count, () => dWithin(dots(64), 5e6)) }),
      ]
    },
  },
]

// ---- values

const property = (name: string, comparison: object) => ({ property: { name, ...comparison } })

const values: readonly Kind[] = [
  {
    name: 'long lists',
    make: (size) => {
      const count = size * ITEMS
      const wide = Math.max(1, Math.floor(ROOM / Math.max(1, count)) - 4)
      return [
        ...filtered('kinds', property('name', { in: many(count, (n) => String(n).padEnd(wide, 'x')) })),
        ...filtered('kinds', property('name', { in: many(count, (n) => String(n)) })),
        ...filtered('kinds', property('id', { in: many(count, (n) => n * 1e9) })),
        ...filtered('kinds', property('huge', { in: many(count, (n) => `${n}e30`) })),
        ...filtered('kinds', property('big', { in: many(count, (n) => `${n}e999`) })),
        ...filtered('kinds', property('big', { in: many(count, (n) => String(n).padStart(Math.min(90, wide), '9')) })),
        ...filtered('kinds', property('dec', { in: many(count, (n) => `${n}.${'1'.repeat(Math.min(80, wide - 8))}`) })),
        ...filtered('kinds', property('dec', { in: many(count, (n) => `${n}e-999`) })),
        ...filtered('kinds', property('label', { in: many(count, (n) => `label ${n % 10_000}`) })),
        ...filtered('kinds', property('bytes', { in: many(count, () => 'A'.repeat(4 * Math.floor(wide / 4))) })),
        ...filtered('kinds', property('ts', { in: many(count, (n) => `2026-01-01T00:00:00.${String(n).padStart(9, '0')}`) })),
        ...filtered('kinds', property('span', { in: many(count, (n) => `P${n}Y1M1W1DT1H1M1.5S`) })),
        ...filtered('kinds', property('json', { in: many(count, (n) => String(n)) })),
        ...filtered('kinds', property('list', { hasAll: many(count, (n) => n) })),
        ...filtered('kinds', { and: many(size * 98, () => property('label', { eq: 'label 9' })) }),
        ...filtered('kinds', {
          and: many(size * 98, () =>
            property('label', { eq: 'label 9', ne: 'label 8', lt: 'label 7', lte: 'label 7', gt: 'label 6', gte: 'label 5' }),
          ),
        }),
      ]
    },
  },
  {
    name: 'long values',
    make: (size) => {
      const length = Math.floor(size * ROOM)
      const half = '\\ud800'.repeat(length / 6)
      return [
        ...filtered('kinds', property('name', { eq: 'x'.repeat(length) })),
        ...filtered('kinds', property('name', { startsWith: 'x'.repeat(length) })),
        ...filtered('kinds', property('name', { like: 'x'.repeat(length) })),
        ...filtered('kinds', { and: many(98 * size, (n) => property('name', { ilike: `%${'_\\%'.repeat(330)}${n}` })) }),
        ...filtered('kinds', { and: many(98 * size, () => property('name', { like: '\\\\'.repeat(499) })) }),
        ...filtered('kinds', property('big', { eq: '1'.repeat(length) })),
        ...filtered('kinds', property('json', { eq: 'x', path: many(16, () => 'x/~'.repeat(length / 64)) })),
        ...filtered('kinds', property('x'.repeat(length), { eq: 1 })),
        ...filtered('kinds', property('json', { eq: many(length / 2, () => 1) })),
        bodied(`${WHERE} { ${asked('kinds')} }`, `{"where":{"property":{"name":"name","eq":"${half}"}}}`),
        bodied(`${WHERE} { ${asked('kinds')} }`, `{"where":{"property":{"name":"name","eq":${'1'.repeat(length)}}}}`),
        bodied(`${WHERE} { ${asked('kinds')} }`, `{"where":{"property":{"name":"name","eq":1.${'1'.repeat(length)}}}}`),
        bodied(
          `${WHERE} { ${asked('kinds')} }`,
          `{"where":{"property":{"name":"json","eq":${'['.repeat(length / 2)}${']'.repeat(length / 2)}}}}`,
        ),
        bodied(`${WHERE} { ${asked('kinds')} }`, `{"where":${'{"not":'.repeat(length / 8)}{}${'}'.repeat(length / 8)}}`),
        http(
          'query ($id: ID!) { a: feature(layer: "kinds", id: $id) { id } b: feature(layer: "kinds", id: $id) { id } c: feature(layer: "planar", id: $id) { id } d: feature(layer: "wide", id: $id) { id } e: feature(layer: "points", id: $id) { id } }',
          { id: '1'.repeat(length) },
        ),
        http('query ($after: Cursor) { features(layer: "kinds", after: $after) { count } }', {
          after: 'A'.repeat(16_384 * size),
        }),
      ]
    },
  },
  {
    name: 'JSON of all kinds',
    make: (size) => {
      const length = Math.floor(size * ROOM)
      const unused = '{ layers { name } }'
      const texts = [
        `[${'1,'.repeat(length / 2)}1]`,
        `[${'{},'.repeat(length / 3)}1]`,
        `[${'[],'.repeat(length / 3)}1]`,
        `[${'"",'.repeat(length / 3)}1]`,
        `{${repeat(length / 10, (n) => `"${n.toString(36)}":1`, ',')}}`,
        `{${repeat(length / 14, (n) => `"key${n.toString(36)}":{}`, ',')}}`,
        `[${repeat(length / 12, (n) => `{"${n.toString(36)}":1}`, ',')}]`,
        `[${repeat(length / 19, (n) => `0.${String(n).padStart(16, '7')}`, ',')}]`,
        `"${'\\u00e9'.repeat(length / 6)}"`,
        `"${'\\n'.repeat(length / 2)}"`,
        `${'['.repeat(length / 2)}${']'.repeat(length / 2)}`,
        `${'{"a":'.repeat(length / 6)}1${'}'.repeat(length / 6)}`,
        `[${'1e308,'.repeat(length / 6)}1]`,
      ]
      return texts.flatMap((value) => [
        bodied(unused, `{"unused":${value}}`),
        { wire: 'websocket' as const, text: `{"query":"{ layers { name } }","variables":{"unused":${value}}}` },
        { wire: 'websocket' as const, text: `{"query":"{ layers { name } }","extensions":{"unused":${value}}}` },
        bodied(`${WHERE} { ${asked('points')} }`, `{"where":{"intersects":{"geojson":${value}}}}`),
        bodied(`${WHERE} { ${asked('kinds')} }`, `{"where":{"property":{"name":"json","eq":${value}}}}`),
        bodied(`${WHERE} { ${asked('kinds')} }`, `{"where":{"property":{"name":"json","in":${value}}}}`),
        bodied(`${WHERE} { ${asked('points')} }`, `{"where":${value}}`),
        bodied(`${WHERE} { ${asked('points')} }`, `{"where":{"and":${value}}}`),
        bodied('query ($o: [FeatureOrder!]) { features(layer: "points", orderBy: $o) { count } }', `{"o":${value}}`),
        bodied('query ($o: [String!]) { features(layer: "wide") { features { properties(only: $o) } } }', `{"o":${value}}`),
        bodied('query ($o: Int) { features(layer: "wide", first: $o) { count } }', `{"o":${value}}`),
        { wire: 'download' as const, path: '/download/points.arrows', text: `{"where":{"and":${value}},"limit":1}` },
        { wire: 'download' as const, path: '/download/points.arrows', text: `{"limit":${value}}` },
      ])
    },
  },
  {
    name: 'lists of filters',
    make: (size) => {
      const length = Math.floor(size * ROOM)
      const query = `${WHERE} { ${asked('points')} }`
      const tens = (of: string, bytes: number) => `[${repeat(Math.min(ITEMS * size, length / bytes), () => of, ',')}]`
      const nested = (of: string, bytes: number) =>
        `{"and":[${repeat(length / (ITEMS * (bytes + 1) + 12), () => `{"or":[${repeat(Math.min(ITEMS * size, length / (bytes + 1) - 20), () => of, ',')}]}`, ',')}]}`
      return [
        bodied(query, `{"where":{"and":${tens('{}', 3)}}}`),
        bodied(query, `{"where":${nested('{}', 2)}}`),
        bodied(query, `{"where":${nested('{"and":[]}', 10)}}`),
        bodied(query, `{"where":${nested('{"x":1}', 7)}}`),
        bodied(query, `{"where":${nested('{"bbox":1}', 10)}}`),
        bodied(query, `{"where":${nested('1', 1)}}`),
        { wire: 'download', path: '/download/points.arrows', text: `{"where":${nested('{}', 2)},"limit":1}` },
        { wire: 'download', path: '/download/points.arrows', text: `{"where":${nested('{"x":1}', 7)},"limit":1}` },
        bodied(
          'query ($o: [FeatureOrder!]) { features(layer: "wide", orderBy: $o) { count } }',
          `{"o":[${repeat(ITEMS * size, (n) => `{"property":"a_column_with_a_name_of_some_length_${String(n).padStart(4, '0')}"}`, ',')}]}`,
        ),
        bodied(
          'query ($o: [FeatureOrder!]) { features(layer: "wide", orderBy: $o) { count } }',
          `{"o":[${repeat(ITEMS * size, (n) => `{"p":${n}}`, ',')}]}`,
        ),
      ]
    },
  },
]

// ---- catalogue and results

const catalogue: readonly Kind[] = [
  {
    name: 'layers and columns',
    make: (size) => {
      const fields =
        'name title description state geometryColumn geometryTypes hasZ crs { code name isLonLat } extent featureCount key { kind column } pruning onInvalid fingerprint check { nullGeometries emptyGeometries withZ withM invalid firstInvalid { key reason } }'
      const roots = 1 + Math.floor(size * 4)
      return [
        http('{ layers { name } }'),
        http(`{ layers { ${fields} columns { name type jsonType nullable } } }`),
        http(`{ ${repeat(roots, (n) => `l${n}: layers { ${fields} columns { name type jsonType nullable } }`)} }`),
        http(`{ layers { ${repeat(15 * size, (n) => `c${n}: columns { name type jsonType nullable }`)} } }`),
        http(`{ layer(name: "wide") { ${repeat(15 * size, (n) => `c${n}: columns { name type jsonType nullable }`)} } }`),
        http(
          `{ health { ready workers { pid } } ${repeat(4 * size, (n) => `h${n}: health { problems { source } preparations { layer } workers { pid memory { tag } } }`)} }`,
        ),
      ]
    },
  },
  {
    name: 'names that are none',
    make: (size, numbers) => {
      const length = Math.floor(100 * size)
      const odd = many(length, () => 'abcdefghijklmnopqrstuvwxyz_'[Math.floor(numbers.next() * 27)]).join('')
      const near = 'a_column_with_a_name_of_some_lengths_00000_a_column_with_a_name_of_some_lengths_00000_a_column'.slice(
        0,
        length,
      )
      const five = (of: (n: number) => string) => http(`{ ${repeat(5, of)} }`)
      return [
        five((n) => `f${n}: features(layer: "${odd}") { count }`),
        five((n) => `f${n}: features(layer: "a_layer_with_a_nams_0000${near.slice(24)}") { count }`),
        five((n) => `f${n}: features(layer: "wide", where: { property: { name: "${odd}", eq: 1 } }) { count }`),
        five((n) => `f${n}: features(layer: "wide", where: { property: { name: "${near}", eq: 1 } }) { count }`),
        five((n) => `f${n}: features(layer: "wide", orderBy: [{ property: "${near}" }]) { count }`),
        five((n) => `f${n}: features(layer: "wide") { features { properties(only: ["${near}"]) } }`),
      ]
    },
  },
  {
    name: 'properties',
    make: (size) => {
      const only = many(ITEMS * size, (n) => column(n % 1_000))
      const last = many(ITEMS * size, () => column(999))
      const query = (aliases: number) =>
        `query ($only: [String!]) { features(layer: "wide", first: 10) { features { ${repeat(aliases, (n) => `p${n}: properties(only: $only)`)} } } }`
      const pages = `query ($only: [String!]) { features(layer: "wide", first: 10) { ${repeat(15, (n) => `f${n}: features { properties(only: $only) }`)} } }`
      const roots = `query ($only: [String!]) { ${repeat(5, (n) => `r${n}: features(layer: "wide", first: 10) { a: features { properties(only: $only) } b: features { id properties(only: $only) } }`)} }`
      return [
        http(query(1), { only }),
        http(query(15), { only }),
        http(query(15), { only: last }),
        http(pages, { only }),
        http(roots, { only: last }),
        http(roots, { only }),
      ]
    },
  },
  {
    name: 'results',
    make: (size) => {
      const rows = Math.max(1, Math.floor(10_000 * size))
      const aliases = Math.max(1, Math.floor(15 * size))
      const page = (layer: string) =>
        `{ features(layer: "${layer}", first: ${rows}) { ${repeat(aliases, (n) => `g${n}: geojson`)} } }`
      const twice = '{ features(layer: "dense") { a: geojson b: geojson } }'
      const layers = ['points', 'wide']
      return [
        ...layers.flatMap((layer) => [http(page(layer)), sse(page(layer)), socket(page(layer))]),
        http(twice),
        sse(twice),
        socket(twice),
        http('{ feature(layer: "dense", id: "1") { id geometry } }'),
        http(`{ ${repeat(5, (n) => `f${n}: feature(layer: "dense", id: "1") { id geometry }`)} }`),
        http(`{ ${repeat(5, (n) => `n${n}: node(id: "dense:1") { ... on Feature { geometry } }`)} }`),
        http(
          `{ features(layer: "points", first: ${rows}) { ${repeat(aliases, (n) => `e${n}: edges { cursor node { id key } }`)} } }`,
        ),
        http(
          `{ features(layer: "wide", first: ${rows}) { edges { ${repeat(aliases, (n) => `c${n}: cursor`)} } pageInfo { startCursor } } }`,
        ),
        http(
          `{ features(layer: "dense") { features { a: geometry b: geometry(crs: "EPSG:3857") c: geometry(as: TWKB, simplify: 1e-9) d: geometry(as: EWKT, crs: "EPSG:3857", simplify: 1e-9) } } }`,
        ),
        http(`{ features(layer: "wide", first: 1) { ${repeat(aliases, (n) => `e${n}: explain { sql reads }`)} } }`),
        http(
          `{ features(layer: "wide", first: 1, orderBy: [${repeat(8, (n) => `{ property: "${column(n)}" }`)}]) { ${repeat(aliases, (n) => `c${n}: pageInfo { endCursor startCursor }`)} } }`,
        ),
        http(`{ features(layer: "points", first: 1) { ${repeat(aliases, (n) => `m${n}: totalCount`)} } }`),
        http(
          `{ features(layer: "points", first: ${rows}) { features { ${repeat(aliases, (n) => `g${n}: geometry(precision: ${n})`)} } } }`,
        ),
      ]
    },
  },
  {
    name: 'a large filter, told of again',
    make: (size) => {
      const positions = ring(size * VERTICES, 80, 5)
      const where = { within: { wkt: wkt(positions) } }
      const items = property('name', { in: many(size * ITEMS, (n) => `a text of some length ${n}`) })
      const dots = `MULTIPOINT(${repeat(64 * size, (n) => `${-179 + ((n * 5.5) % 350)} ${((n * 37) % 120) - 60}`, ',')})`
      return [where, items, { dWithin: { geometry: { wkt: dots }, distance: 1e5 } }].flatMap((filter) =>
        ['explain { sql }', 'totalCount', 'pageInfo { endCursor }'].flatMap((field) => {
          const layer = filter === items ? 'kinds' : 'points'
          const selection = repeat(15 * size, (n) => `x${n}: ${field}`)
          const spread = repeat(5, (n) => `f${n}: ${asked(layer, `a: ${field} b: ${field}`)}`)
          return [
            http(`${WHERE} { ${asked(layer, selection)} }`, { where: filter }),
            http(`${WHERE} { ${spread} }`, { where: filter }),
          ]
        }),
      )
    },
  },
]

// ---- wires

const wires: readonly Kind[] = [
  {
    name: 'headers and paths',
    make: (size) => {
      const length = Math.floor(size * 12_000)
      const query = '{ layers { name } }'
      const header = (name: string, value: string): Request => ({ ...http(query), headers: { [name]: value } })
      const get = (path: string): Request => ({ wire: 'download', path, text: '' })
      return [
        header('accept', '*/*,'.repeat(length / 4)),
        header('accept', 'a;charset=utf-8,'.repeat(length / 16)),
        header('accept', ' \t'.repeat(length / 2)),
        header('accept-encoding', 'gzip;q=0,'.repeat(length / 9)),
        header('authorization', `Bearer ${' '.repeat(length)}`),
        header('authorization', `Bearer ${'a '.repeat(length / 2)}`),
        header('content-type', `application/json;${' '.repeat(length)}`),
        header('origin', `http://localhost${':1'.repeat(length / 2)}`),
        header('cookie', 'a=b;'.repeat(length / 4)),
        get(`/download/points.arrows?${repeat(length / 6, (n) => `a${n}=1`, '&')}`),
        get(`/download/points.arrows?where=${'['.repeat(length)}`),
        get(`/download/${'%41'.repeat(length / 3)}.arrows`),
        get(
          `/download/points.arrows?limit=1&where=${encodeURIComponent(JSON.stringify({ intersects: { wkt: lineOf(ring(length / 20, 10, 1)) } }))}`,
        ),
        get(`/map/${'../'.repeat(length / 3)}`),
        get(`/${'%2e'.repeat(length / 3)}`),
        get('/map/client/client.js'),
        get('/graphiql'),
        get('/metrics'),
      ]
    },
  },
]

export const KINDS: readonly Kind[] = [...text, ...geometries, ...values, ...catalogue, ...wires]
