/** Text that would be SQL, GraphQL or a path if it were ever taken for such, through every argument of the schema that takes text. */
import {
  type GraphQLInputType,
  type GraphQLInterfaceType,
  type GraphQLObjectType,
  getNamedType,
  isInputObjectType,
  isScalarType,
} from 'graphql'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openSchema } from '../../../src/graphql/schema.ts'
import { ask, quiet } from '../../support/graphql.ts'
import { hostileText } from '../../support/hostile-text.ts'
import { Random } from '../../support/random.ts'
import { PLACES, serve, type TestServer } from '../../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await serve([PLACES], { queueLength: 10_000 })
})
afterAll(() => server.close())

/** Places of text, with the answer to nonsense there. Null if it is a value like any other. */
const PLACES_OF_TEXT: Readonly<Record<string, readonly [field: string, code: string | null]>> = {
  'layer(name)': ['layer(name: $s) { name }', null],
  'features(layer)': ['features(layer: $s) { count }', 'LAYER_NOT_FOUND'],
  'tiles(layer)': ['tiles(layer: $s) { url }', 'LAYER_NOT_FOUND'],
  'feature(layer)': ['feature(layer: $s, id: "1") { id }', 'LAYER_NOT_FOUND'],
  'feature(id)': ['feature(layer: "places", id: $s) { id }', null],
  'features(after)': ['features(layer: "places", after: $s) { count }', 'CURSOR_INVALID'],
  'orderBy.property': ['features(layer: "places", orderBy: [{ property: $s }]) { count }', 'BAD_INPUT'],
  'property.name': ['features(layer: "places", where: { property: { name: $s, isNull: true } }) { count }', 'BAD_INPUT'],
  'property.eq': ['features(layer: "places", where: { property: { name: "name", eq: $j } }) { count }', null],
  'property.ne': ['features(layer: "places", first: 1, where: { property: { name: "name", ne: $j } }) { count }', null],
  'property.lt': ['features(layer: "places", first: 1, where: { property: { name: "name", lt: $j } }) { count }', null],
  'property.lte': ['features(layer: "places", first: 1, where: { property: { name: "name", lte: $j } }) { count }', null],
  'property.gt': ['features(layer: "places", first: 1, where: { property: { name: "name", gt: $j } }) { count }', null],
  'property.gte': ['features(layer: "places", first: 1, where: { property: { name: "name", gte: $j } }) { count }', null],
  'property.in': ['features(layer: "places", where: { property: { name: "name", in: [$j, $j] } }) { count }', null],
  'property.between': [
    'features(layer: "places", first: 1, where: { property: { name: "name", between: [$j, $j] } }) { count }',
    null,
  ],
  'property.like': ['features(layer: "places", first: 1, where: { property: { name: "name", startsWith: $s } }) { count }', null],
  'property.has': ['features(layer: "places", first: 1, where: { property: { name: "name", has: $j } }) { count }', 'BAD_INPUT'],
  'property.hasAny': [
    'features(layer: "places", first: 1, where: { property: { name: "name", hasAny: [$j] } }) { count }',
    'BAD_INPUT',
  ],
  'property.hasAll': [
    'features(layer: "places", first: 1, where: { property: { name: "name", hasAll: [$j] } }) { count }',
    'BAD_INPUT',
  ],
  'property.path': [
    'features(layer: "places", first: 1, where: { property: { name: "name", path: [$s], isNull: true } }) { count }',
    'BAD_INPUT',
  ],
  'aggregate(layer)': ['aggregate(layer: $s) { count }', 'LAYER_NOT_FOUND'],
  'aggregate(after)': ['aggregate(layer: "places", after: $s) { count }', 'CURSOR_INVALID'],
  'groupBy.column': ['aggregate(layer: "places", groupBy: [{ column: $s }]) { count }', 'BAD_INPUT'],
  'groupBy.path': ['aggregate(layer: "places", groupBy: [{ column: "name", path: [$s] }]) { count }', 'BAD_INPUT'],
  'time.column': ['aggregate(layer: "places", time: [{ column: $s, every: "P1D" }]) { count }', 'BAD_INPUT'],
  'time.path': ['aggregate(layer: "places", time: [{ column: "name", path: [$s], every: "P1D" }]) { count }', 'BAD_INPUT'],
  'time.every': ['aggregate(layer: "places", time: [{ column: "name", every: $s }]) { count }', 'BAD_INPUT'],
  'time.timeZone': ['aggregate(layer: "places", time: [{ column: "name", every: "P1D", timeZone: $s }]) { count }', 'BAD_INPUT'],
  'groupOrder.column': ['aggregate(layer: "places", orderBy: [{ by: SUM, column: $s }]) { count }', 'BAD_INPUT'],
  'groupOrder.path': ['aggregate(layer: "places", orderBy: [{ by: MIN, column: "name", path: [$s] }]) { count }', 'BAD_INPUT'],
  'having.column': ['aggregate(layer: "places", having: [{ of: SUM, column: $s, gt: 1 }]) { count }', 'BAD_INPUT'],
  'having.path': [
    'aggregate(layer: "places", having: [{ of: MIN, column: "name", path: [$s], eq: "a" }]) { count }',
    'BAD_INPUT',
  ],
  'having.eq': ['aggregate(layer: "places", having: [{ of: MIN, column: "name", eq: $j }]) { count }', null],
  'having.ne': ['aggregate(layer: "places", having: [{ of: MIN, column: "name", ne: $j }]) { count }', null],
  'having.lt': ['aggregate(layer: "places", having: [{ of: MIN, column: "name", lt: $j }]) { count }', null],
  'having.lte': ['aggregate(layer: "places", having: [{ of: MIN, column: "name", lte: $j }]) { count }', null],
  'having.gt': ['aggregate(layer: "places", having: [{ of: MIN, column: "name", gt: $j }]) { count }', null],
  'having.gte': ['aggregate(layer: "places", having: [{ of: MIN, column: "name", gte: $j }]) { count }', null],
  'having.between': ['aggregate(layer: "places", having: [{ of: MIN, column: "name", between: [$j, $j] }]) { count }', null],
  'column(name)': ['aggregate(layer: "places") { rows { column(name: $s) { count } } }', 'BAD_INPUT'],
  'column(path)': ['aggregate(layer: "places") { rows { column(name: "name", path: [$s]) { count } } }', 'BAD_INPUT'],
  'nearest(layer)': ['nearest(layer: $s, to: { bbox: [0, 0, 1, 1] }) { count }', 'LAYER_NOT_FOUND'],
  'nearest(after)': ['nearest(layer: "places", to: { wkt: "POINT(0 0)" }, after: $s) { count }', 'CURSOR_INVALID'],
  'node(id)': ['node(id: $s) { id }', null],
  'geometry(crs)': ['features(layer: "places", first: 1) { features { geometry(crs: $s) } }', 'BAD_INPUT'],
  'bbox(crs)': ['feature(layer: "places", id: "1") { bbox(crs: $s) }', 'BAD_INPUT'],
  'geojson(crs)': ['features(layer: "places", first: 1) { geojson(crs: $s) }', 'BAD_INPUT'],
  'geojson(only)': ['features(layer: "places", first: 1) { geojson(only: [$s]) }', 'BAD_INPUT'],
  'arrow(crs)': ['features(layer: "places", first: 1) { arrow(crs: $s) }', 'BAD_INPUT'],
  'arrow(only)': ['features(layer: "places", first: 1) { arrow(only: [$s]) }', 'BAD_INPUT'],
  'geometry.wkb': ['features(layer: "places", where: { intersects: { wkb: $s } }) { count }', 'BAD_INPUT'],
  'geometry.crs': ['features(layer: "places", where: { intersects: { wkt: "POINT(1 2)", crs: $s } }) { count }', 'BAD_INPUT'],
  'geometry.twkb': ['features(layer: "places", where: { intersects: { twkb: $s } }) { count }', 'BAD_INPUT'],
  'geometry.wkt': ['features(layer: "places", where: { intersects: { wkt: $s } }) { count }', 'BAD_INPUT'],
  'geometry.geojson': ['features(layer: "places", where: { within: { geojson: $j } }) { count }', 'BAD_INPUT'],
  'properties(only)': ['features(layer: "places", first: 1) { features { properties(only: [$s]) } }', 'BAD_INPUT'],
}

/** The type of `$s`, by the argument that receives it. */
const TYPES: Readonly<Record<string, string>> = { after: 'Cursor!', id: 'ID!' }

it('3,000 strings are bound, or refused, and change nothing', async () => {
  const random = new Random()
  const places = Object.entries(PLACES_OF_TEXT)
  const before = await ask(server, '{ layers { name fingerprint featureCount } }')
  for (let n = 0; n < Math.ceil(3_000 / places.length); n++) {
    const text = hostileText(random, 'x')
    await Promise.all(
      places.map(async ([place, [field, code]]) => {
        const type = field.includes('$j') ? '$j: JSON!' : `$s: ${TYPES[/(\w+): \[?\$s/.exec(field)![1]!] ?? 'String!'}`
        const { data, errors } = await ask(server, `query (${type}) { it: ${field} }`, { s: text, j: text })
        const met = errors?.[0]?.extensions['code'] ?? null
        expect(met, `${place}: ${JSON.stringify(text)}: ${errors?.[0]?.message}`).toBe(code)
        if (code === null) expect(data).toHaveProperty('it')
        expect(errors?.[0]?.message ?? '').not.toMatch(/Error:|LINE 1/)
      }),
    )
  }
  await quiet(server)
  expect(await ask(server, '{ layers { name fingerprint featureCount } }')).toEqual(before)
})

it('no argument that takes text is left out', () => {
  const schema = openSchema()
  const taking = new Set<string>()
  const seen = new Set<string>()
  const visit = (path: string, type: GraphQLInputType) => {
    const named = getNamedType(type)
    if (isScalarType(named) && ['String', 'ID', 'JSON', 'Cursor'].includes(named.name)) taking.add(path)
    if (!isInputObjectType(named) || seen.has(named.name)) return
    seen.add(named.name)
    for (const field of Object.values(named.getFields())) visit(`${named.name}.${field.name}`, field.type)
  }
  for (const type of [
    'Query',
    'Subscription',
    'FeatureConnection',
    'FeatureBatch',
    'SnapshotBatch',
    'ChangeBatch',
    'ChangedFeatures',
    'Feature',
    'Group',
    'ColumnAggregates',
    'Layer',
    'Health',
  ]) {
    const { fields } = (schema.getType(type) as GraphQLObjectType | GraphQLInterfaceType).toConfig()
    for (const [name, { args }] of Object.entries(fields)) {
      for (const [argument, { type: argumentType }] of Object.entries(args ?? {}))
        visit(`${type}.${name}(${argument})`, argumentType)
    }
  }
  expect([...taking].toSorted()).toEqual([
    'ChangeBatch.geojsonDiff(crs)',
    'ChangeBatch.geojsonDiff(only)',
    'ChangedFeatures.geojson(crs)',
    'ChangedFeatures.geojson(only)',
    'DwellInput.time',
    'Feature.bbox(crs)',
    'Feature.geometry(crs)',
    'Feature.properties(only)',
    'FeatureBatch.arrow(crs)',
    'FeatureBatch.arrow(only)',
    'FeatureBatch.geojson(crs)',
    'FeatureBatch.geojson(only)',
    'FeatureConnection.arrow(crs)',
    'FeatureConnection.arrow(only)',
    'FeatureConnection.geojson(crs)',
    'FeatureConnection.geojson(only)',
    'FeatureOrder.property',
    'FencesInput.layer',
    'GeometryInput.crs',
    'GeometryInput.geojson',
    'GeometryInput.twkb',
    'GeometryInput.wkb',
    'GeometryInput.wkt',
    'Group.column(name)',
    'Group.column(path)',
    'GroupCondition.between',
    'GroupCondition.column',
    'GroupCondition.eq',
    'GroupCondition.gt',
    'GroupCondition.gte',
    'GroupCondition.lt',
    'GroupCondition.lte',
    'GroupCondition.ne',
    'GroupCondition.path',
    'GroupKey.column',
    'GroupKey.path',
    'GroupOrder.column',
    'GroupOrder.path',
    'PropertyFilter.between',
    'PropertyFilter.eq',
    'PropertyFilter.gt',
    'PropertyFilter.gte',
    'PropertyFilter.has',
    'PropertyFilter.hasAll',
    'PropertyFilter.hasAny',
    'PropertyFilter.ilike',
    'PropertyFilter.in',
    'PropertyFilter.like',
    'PropertyFilter.lt',
    'PropertyFilter.lte',
    'PropertyFilter.name',
    'PropertyFilter.ne',
    'PropertyFilter.path',
    'PropertyFilter.startsWith',
    'Query.aggregate(after)',
    'Query.aggregate(layer)',
    'Query.feature(id)',
    'Query.feature(layer)',
    'Query.features(after)',
    'Query.features(layer)',
    'Query.layer(name)',
    'Query.nearest(after)',
    'Query.nearest(layer)',
    'Query.node(id)',
    'Query.tiles(layer)',
    'SnapshotBatch.geojson(crs)',
    'SnapshotBatch.geojson(only)',
    'Subscription.aggregateBatches(after)',
    'Subscription.aggregateBatches(layer)',
    'Subscription.changes(layer)',
    'Subscription.changes(since)',
    'Subscription.featureBatches(after)',
    'Subscription.featureBatches(layer)',
    'Subscription.fences(objects)',
    'Subscription.fences(since)',
    'Subscription.layerChanged(fingerprint)',
    'Subscription.layerChanged(layer)',
    'Subscription.viewport(layer)',
    'Subscription.viewport(since)',
    'TimeBucket.column',
    'TimeBucket.every',
    'TimeBucket.path',
    'TimeBucket.timeZone',
  ])
})
