import { execute, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { Representations, type Selection } from '../../../src/ask/selection.ts'
import { viewOf } from '../../../src/ask/view.ts'
import { wholeSchema } from '../../../src/graphql/schema.ts'
import { selectFeature, selectOutputs } from '../../../src/graphql/selection.ts'
import { LAYER } from '../../support/layers.ts'

const LAYERS = [LAYER, { ...LAYER, name: 'roads' }]

/** The selection of the first `features`, `feature` or `node` of an operation. */
function select(source: string, variableValues: Record<string, unknown> = {}, layer = LAYER): Selection {
  const [selection] = selections(source, variableValues, layer)
  return selection!
}

function selections(source: string, variableValues: Record<string, unknown>, layer: typeof LAYER): Selection[] {
  const schema = wholeSchema(LAYERS)
  const made: (() => Selection)[] = []
  const { features, feature, node } = schema.getQueryType()!.getFields()
  const operation = { representations: new Set<string>() }
  const another = () => ({ view: viewOf(layer), representations: new Representations(layer, operation) })
  // Asynchronous, so that a field without a result does not stop the next one.
  features!.resolve = async (_root, _args, _context, info) => void made.push(() => selectOutputs(info, another()))
  for (const field of [feature!, node!])
    field.resolve = async (_root, _args, _context, info) => void made.push(() => selectFeature(info, another()))
  const document = parse(source)
  expect(validate(schema, document)).toEqual([])
  void execute({ schema, document, variableValues })
  return made.map((make) => make())
}

describe('Arrow', () => {
  const proven = { ...LAYER, state: 'READY', geometryTypes: ['Polygon'], coordinates: 'XYZ' } as const
  const arrow = (layer: typeof LAYER, args = '') => select(`{ features(layer: "buildings") { arrow${args} } }`, {}, layer).outputs

  it("is in GeoArrow's native type where the layer is proven to be of one", () => {
    const native = [{ kind: 'arrow-base64', geometry: 0, shape: { type: 'polygon', coordinates: 'XYZ' } }]
    expect(arrow(proven)).toEqual(native)
    expect(arrow(proven, '(geometry: NATIVE)')).toEqual(native)
  })

  it('is WKB when it is requested, and when types or dimensions are mixed or unknown', () => {
    expect(arrow(proven, '(geometry: WKB)')).toEqual([{ kind: 'arrow-base64', geometry: 0 }])
    for (const other of [
      { geometryTypes: ['Polygon', 'MultiPolygon'] },
      { geometryTypes: ['GeometryCollection'] },
      { geometryTypes: [] },
      { coordinates: null },
      { state: 'CHECKING' },
    ] as const) {
      expect(arrow({ ...proven, ...other })).toEqual([{ kind: 'arrow-base64', geometry: 0 }])
    }
  })
})

describe('encodings', () => {
  it('are none when none is selected', () => {
    const { outputs, properties } = select(
      '{ features(layer: "buildings") { count totalCount pageInfo { hasNextPage endCursor } execution { lane } __typename } }',
    )
    expect(outputs).toEqual([])
    expect(properties).toEqual([])
  })

  it('are each made once under however many names', () => {
    const { outputs, indexes } = select(`{ features(layer: "buildings") {
      arrow binary: arrow geojson text: geojson(precision: 7) short: geojson(precision: 2)
    } }`)
    expect(outputs).toEqual([
      { kind: 'arrow-base64', geometry: 0 },
      { kind: 'geojson', geometry: 0, precision: 7 },
      { kind: 'geojson', geometry: 0, precision: 2 },
    ])
    expect([...indexes]).toEqual([
      ['arrow', 0],
      ['binary', 0],
      ['geojson', 1],
      ['text', 1],
      ['short', 2],
    ])
  })

  it('need every property, features only those that are named', () => {
    expect(select('{ features(layer: "buildings") { arrow } }').properties).toEqual(LAYER.columns)
    expect(select('{ features(layer: "buildings") { features { id geometry } } }').properties).toEqual([])
    expect(select('{ features(layer: "buildings") { features { properties } } }').properties).toEqual(LAYER.columns)
    const { properties } = select(`{ features(layer: "buildings") {
      features { a: properties(only: ["class"]) b: properties(only: ["name", "class"]) }
    } }`)
    expect(properties.map(({ name }) => name)).toEqual(['name', 'class'])
  })
})

describe('fields of features', () => {
  it('come in document order under their response keys', () => {
    const { outputs } = select(`{ features(layer: "buildings") { list: features {
      __typename ident: id key of: layer geometry(as: WKT, precision: 3) plain: geometry box: bbox properties(only: ["class", "name"])
    } } }`)
    expect(outputs).toEqual([
      {
        kind: 'features',
        fields: [
          { key: '__typename', field: '__typename', name: 'BuildingsFeature' },
          { key: 'ident', field: 'id', prefix: 'buildings:3fa9c1-' },
          { key: 'key', field: 'key' },
          { key: 'of', field: 'layer', name: 'buildings' },
          { key: 'geometry', field: 'geometry', as: 'WKT', precision: 3, geometry: 0 },
          { key: 'plain', field: 'geometry', as: 'GEOJSON', precision: 7, geometry: 0 },
          { key: 'box', field: 'bbox', geometry: 0 },
          { key: 'properties', field: 'properties', only: ['name', 'class'] },
        ],
      },
    ])
  })

  it('merge from fragments, inline fragments and repeated selections', () => {
    const { outputs } = select(`
      query { features(layer: "buildings") { ...page features { id } ... on FeatureConnection { features { properties } } ... { features { bbox } } } }
      fragment page on FeatureConnection { features { ...feature } }
      fragment feature on Feature { id geometry }
    `)
    expect(outputs).toMatchObject([{ fields: [{ key: 'id' }, { key: 'geometry' }, { key: 'properties' }, { key: 'bbox' }] }])
    expect(outputs).toHaveLength(1)
  })

  it('obey @skip and @include, also on fragments and from variables', () => {
    const source = `query ($yes: Boolean!, $no: Boolean!, $only: [String!], $precision: Int) { features(layer: "buildings") {
      arrow @include(if: $no)
      geojson @skip(if: $yes)
      ...page @include(if: $yes)
      features @skip(if: $no) { id @include(if: $no) geometry(precision: $precision) properties(only: $only) @include(if: $yes) }
    } }
    fragment page on FeatureConnection { g: geojson(precision: $precision) @include(if: $no) h: geojson(precision: $precision) }`
    const { outputs, indexes } = select(source, { yes: true, no: false, only: ['height'], precision: 1 })
    expect([...indexes]).toEqual([
      ['h', 0],
      ['features', 1],
    ])
    expect(outputs).toEqual([
      { kind: 'geojson', geometry: 0, precision: 1 },
      {
        kind: 'features',
        fields: [
          { key: 'geometry', field: 'geometry', as: 'GEOJSON', precision: 1, geometry: 0 },
          { key: 'properties', field: 'properties', only: ['height'] },
        ],
      },
    ])
  })

  it('of a single feature follow its selection', () => {
    const { outputs, properties } = select('{ feature(layer: "buildings", id: "7") { id properties(only: ["name"]) } }')
    expect(outputs).toEqual([
      {
        kind: 'features',
        fields: [
          { key: 'id', field: 'id', prefix: 'buildings:3fa9c1-' },
          { key: 'properties', field: 'properties', only: ['name'] },
        ],
      },
    ])
    expect(properties.map(({ name }) => name)).toEqual(['name'])
  })

  it('of two pages in one operation stay apart', () => {
    const source =
      '{ a: features(layer: "buildings") { features { id } } b: features(layer: "buildings") { features { bbox } arrow } }'
    const [a, b] = selections(source, {}, LAYER)
    expect(a!.outputs).toEqual([{ kind: 'features', fields: [{ key: 'id', field: 'id', prefix: 'buildings:3fa9c1-' }] }])
    expect(b!.outputs).toEqual([
      { kind: 'features', fields: [{ key: 'bbox', field: 'bbox', geometry: 0 }] },
      { kind: 'arrow-base64', geometry: 0 },
    ])
  })
})

describe('what cannot be', () => {
  it('is a precision beyond 0 to 15', () => {
    expect(() => select('{ features(layer: "buildings") { geojson(precision: 16) } }')).toThrow(
      '`precision` is from 0 to 15; it was 16.',
    )
    expect(() => select('{ features(layer: "buildings") { features { geometry(precision: -1) } } }')).toThrow(
      '`precision` is from 0 to 15',
    )
  })

  it('is a property that the layer has not, near ones named', () => {
    const source = '{ features(layer: "buildings") { features { properties(only: ["name", "hight"]) } } }'
    expect(() => select(source)).toThrow('`only` names `hight`, which is no property of buildings. Near: `height`.')
  })

  it('is geojson of a layer that is not in longitude and latitude, with the way out', () => {
    const mercator = { ...LAYER, crs: { code: 'EPSG:3857', name: 'WGS 84 / Pseudo-Mercator', isLonLat: false } }
    const message =
      '`geojson` is longitude and latitude (RFC 7946), and buildings is in EPSG:3857: ask for `crs: "OGC:CRS84"`, or select `arrow`'
    expect(() => select('{ features(layer: "buildings") { geojson } }', {}, mercator)).toThrow(message)
    expect(select('{ features(layer: "buildings") { arrow features { geometry } } }', {}, mercator).outputs).toHaveLength(2)
    const metres = { ...LAYER, crs: null, extent: [5e5, 5e6, 6e5, 6e6] as const }
    expect(() => select('{ features(layer: "buildings") { geojson } }', {}, metres)).toThrow('not in degrees')
    expect(select('{ features(layer: "buildings") { geojson } }', {}, { ...LAYER, crs: null }).outputs).toHaveLength(1)
  })
})
