/** An operation is checked and executed against a slice of the schema: the generic part and the layers that its document names. */
import { type GraphQLSchema, parse, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { CurrentSchema } from '../../../src/graphql/current-schema.ts'
import { featureTypeOf, wholeSchema } from '../../../src/graphql/schema.ts'
import { LAYER } from '../../support/layers.ts'

/** A catalogue whose layers a test changes. */
class Served {
  names: readonly string[]
  readonly notReady = null

  constructor(...names: readonly string[]) {
    this.names = names
  }

  layers() {
    return this.names.map((name) => ({ ...LAYER, name }))
  }

  layer(name: string) {
    return this.names.includes(name) ? { ...LAYER, name } : undefined
  }

  rivals(_name: string): readonly string[] {
    return []
  }
}

const featureTypes = (schema: GraphQLSchema) =>
  Object.keys(schema.getTypeMap()).filter((name) => /^(Roads|Rivers|Lakes)/.test(name))
const current = new CurrentSchema(new Served('lakes', 'rivers', 'roads'))
const slice = (text: string, variables: Record<string, unknown> = {}) => current.slice(parse(text), variables)

describe('a slice', () => {
  it.each([
    ['a literal', '{ features(layer: "roads") { count } }', {}],
    ['a block string', '{ features(layer: """roads""") { count } }', {}],
    ['a variable', 'query ($l: String!) { features(layer: $l) { count } }', { l: 'roads' }],
    ['a default value', 'query ($l: String! = "roads") { features(layer: $l) { count } }', {}],
    ['a variable of a subscription', 'subscription ($l: String!) { featureBatches(layer: $l) { count } }', { l: 'roads' }],
    ['a field of a fragment', '{ ...F } fragment F on Query { ... { features(layer: "roads") { count } } }', {}],
    ['the id of a node', '{ node(id: "roads:a:b") { id } }', {}],
    ['the id of a node in a variable', 'query ($id: ID!) { node(id: $id) { id } }', { id: 'roads:1' }],
    ['the layer of a feature', '{ feature(layer: "roads", id: "1") { id } }', {}],
    ['a type condition', '{ node(id: "1") { ... on RoadsFeature { key } } }', {}],
    ['the type of a fragment', '{ node(id: "1") { ...F } } fragment F on RoadsFeature { key }', {}],
    ['a second operation', 'query A { layers { name } } query B { features(layer: "roads") { count } }', {}],
  ])('holds the layer that is named by %s, and no other', (_, text, variables) => {
    const schema = slice(text, variables)
    expect(featureTypes(schema)).toEqual(['RoadsFeature'])
    expect(featureTypeOf(schema, { name: 'roads' }).name).toBe('RoadsFeature')
    expect(validate(schema, parse(text))).toEqual([])
  })

  it.each([
    ['a root field', '{ roads { count } }'],
    ['another root field', '{ roadsFeature(key: "1") { name } }'],
    ['a root field of a subscription', 'subscription { roads { features { name } } }'],
    ['the type of a variable', 'query ($w: RoadsFilter) { roads(where: $w) { count } }'],
    [
      'a fragment on another type',
      '{ roads { ...F } } fragment F on RoadsConnection { edges { ... on RoadsEdge { node { name } } } }',
    ],
  ])('holds all types of the layer that is named by %s, and no other', (_, text) => {
    const schema = slice(text)
    expect(featureTypes(schema).filter((name) => !name.startsWith('Roads'))).toEqual([])
    expect(featureTypes(schema)).toContain('RoadsConnection')
    expect(validate(schema, parse(text))).toEqual([])
  })

  it('of typed root fields may hold 32 layers, and a larger document is refused', () => {
    const names = Array.from({ length: 40 }, (_, n) => `layer${n}`)
    const many = new CurrentSchema(new Served(...names))
    const document = (count: number) =>
      parse(
        `{ ${names
          .slice(0, count)
          .map((name) => `${name} { count }`)
          .join(' ')} }`,
      )
    expect(validate(many.slice(document(32)), document(32))).toEqual([])
    expect(() => many.slice(document(33))).toThrow('Layers: at most 32 are allowed in the typed fields of one document')
  })

  it('holds the types of the current columns', () => {
    const served = new Served('roads')
    const schema = new CurrentSchema(served)
    const document = parse('{ roads { features { surface } } }')
    expect(validate(schema.slice(document), document).map(String)).toEqual([
      expect.stringContaining('Cannot query field "surface"'),
    ])
    served.layer = (name) => ({ ...LAYER, name, columns: [{ ...LAYER.columns[0]!, name: 'surface' }] })
    expect(validate(schema.slice(document), document)).toEqual([])
  })

  it('holds all layers that are named in different ways', () => {
    const text =
      'query ($l: String!) { features(layer: $l) { features { ... on RiversFeature { id } } } node(id: "roads:1") { id } }'
    expect(featureTypes(slice(text, { l: 'lakes' }))).toEqual(['LakesFeature', 'RiversFeature', 'RoadsFeature'])
  })

  it.each([
    '{ layers { name } }',
    '{ nonsense }',
    '{ roads { nonsense features { name nonsense } } riversNonsense { count } }',
    'query ($w: RoadsFilter, $o: [RiversOrder!], $x: RoadsNonsense) { roads(where: $w, orderBy: $o) { count } }',
    'query ($w: LakesFilter) { layers { name } }',
    '{ features(layer: "roads") { features { ... on RiversFeature { key properties } ... on Node { id } } } }',
    '{ features(layer: "none") { features { ... on NoneFeature { key } } } }',
    '{ node(id: "x:1") { ... on Feature { key } ... on RoadsFeature { nonsense } ... on Layer { name } } }',
    'query ($a: RoadsFilter, $b: Nonsense) { layers { name } }',
    '{ feature(layer: "roads", id: 1) { ... on RoadsFeature { id(x: 1) } ... on RiversFeature { id: key } } }',
    'fragment F on Feature { ... on RoadsFeature { id } } { feature(layer: "roads", id: 1) { ...F ...G } }',
  ])('gives the errors of the whole schema: %s', (text) => {
    const document = parse(text)
    const errors = (schema: GraphQLSchema) => validate(schema, document, undefined, { hideSuggestions: true }).map(String)
    expect(errors(current.slice(document))).toEqual(errors(wholeSchema(new Served('lakes', 'rivers', 'roads').layers())))
  })

  it('is the same object for the same layers in any document', () => {
    expect(slice('{ features(layer: "roads") { count } }')).toBe(slice('{ node(id: "roads:1") { id } }'))
  })

  it('holds any number of feature types in a deep document', () => {
    const names = Array.from({ length: 300 }, (_, n) => `layer_${n}`)
    const conditions = names.map((_, n) => `... on Layer_${n}Feature { id }`)
    const document = parse(`{ node(id: "1") { ${conditions.join(' ')} } }`)
    const many = new CurrentSchema(new Served(...names))
    expect(validate(many.slice(document), document)).toEqual([])
    const deep = parse(`{ node(id: "1") ${'{ ... '.repeat(400)} { id } ${'}'.repeat(400)} }`)
    expect(validate(many.slice(deep), deep)).toEqual([])
  })

  it('follows added and removed layers', async () => {
    const served = new Served('roads', 'rivers')
    const schema = new CurrentSchema(served)
    const document = parse('{ a: features(layer: "rivers") { count } b: features(layer: "lakes") { count } }')
    const before = schema.slice(document)
    expect(featureTypes(before)).toEqual(['RiversFeature'])
    expect(() => featureTypeOf(before, { name: 'lakes' })).toThrow('Layer lakes has only just been added; ask again.')
    served.names = ['roads', 'lakes']
    schema.layersChanged()
    await expect.poll(() => featureTypes(schema.slice(document))).toEqual(['LakesFeature'])
  })

  it('has the types of a layer under each of its names, also when it is renamed afterwards', () => {
    const names = ['roads', 'roads_shp', 'data_roads']
    const roads = { ...LAYER, name: 'roads', names }
    const served = {
      layers: () => [roads],
      layer: (name: string) => (names.includes(name) ? roads : undefined),
      rivals: () => [],
      notReady: null,
    }
    const schema = new CurrentSchema(served)
    for (const name of names) {
      const made = schema.slice(parse(`{ features(layer: "${name}") { count } node(id: "${name}:1") { id } }`))
      expect(featureTypes(made)).toEqual(['RoadsFeature'])
      expect(featureTypeOf(made, { name: 'roads_shp', names }).name).toBe('RoadsFeature')
    }
  })

  it('has the feature types of all layers that have the short name of an id, and refuses a root field of that name', () => {
    const layers = new Map(['roads_shp', 'a_my_roads'].map((name) => [name, { ...LAYER, name, names: ['my_roads', name] }]))
    const served = {
      layers: () => [...layers.values()],
      layer: (name: string) => layers.get(name),
      rivals: (name: string) => (name === 'my_roads' ? [...layers.keys()] : []),
      notReady: null,
    }
    const schema = new CurrentSchema(served)
    const types = Object.keys(schema.slice(parse('{ node(id: "my_roads:1") { id } }')).getTypeMap())
    expect(types).toEqual(expect.arrayContaining(['RoadsShpFeature', 'AMyRoadsFeature']))
    expect(() => schema.slice(parse('{ myRoadsNearest { count } }'))).toThrow(
      '`myRoadsNearest` is a field of no layer, because several layers have this short name; use `roadsShpNearest` or `aMyRoadsNearest`.',
    )
  })

  it('follows changes of 5,000 layers in steps, between which other work runs', async () => {
    const served = new Served(...Array.from({ length: 5_000 }, (_, n) => `layer${n}`))
    const schema = new CurrentSchema(served)
    served.names = [...served.names, 'roads']
    schema.layersChanged()
    const document = parse('{ roads { count } }')
    let turns = 0
    for (; validate(schema.slice(document), document).length > 0; turns++) await new Promise(setImmediate)
    expect(turns).toBeGreaterThan(1)
  })

  it('reads the names once for many changes at a time', async () => {
    let reads = 0
    const served = {
      layers: () => [{ ...LAYER, name: `layer_${++reads}` }],
      layer: () => undefined,
      rivals: () => [],
      notReady: null,
    }
    const schema = new CurrentSchema(served)
    for (let n = 0; n < 5; n++) schema.layersChanged()
    await expect.poll(() => reads).toBe(2)
    await new Promise(setImmediate)
    expect(reads).toBe(2)
  })
})
