/** Each layer has one feature type, with any layer name. */
import { type GraphQLInterfaceType, type GraphQLObjectType, validateSchema } from 'graphql'
import { describe, expect, it } from 'vitest'
import { validName } from '../../../src/catalog/names.ts'
import { featureTypeOf, openSchema, wholeSchema } from '../../../src/graphql/schema.ts'
import { layerNames, reservedNames } from '../../../src/graphql/typed/names.ts'
import type { FieldType } from '../../../src/model/field-type.ts'
import { hostileText } from '../../support/hostile-text.ts'
import { LAYER } from '../../support/layers.ts'
import { Random } from '../../support/random.ts'

const named = (...names: string[]) => names.map((name) => ({ ...LAYER, name }))
const GENERIC = openSchema()
const namesOf = (...names: string[]) =>
  Object.fromEntries([...layerNames(named(...names), reservedNames(GENERIC))].map(([layer, { type }]) => [layer, type]))

describe('the name of a type', () => {
  it("is the layer's in Pascal case", () => {
    expect(namesOf('observations', 'my_roads', 'roads-2', 'roads2', 'World_Cities')).toEqual({
      observations: 'Observations',
      my_roads: 'MyRoads',
      'roads-2': 'Roads_2',
      roads2: 'Roads2',
      World_Cities: 'WorldCities',
    })
  })

  it('loses accents; what is left of other letters, and a name that another type has, gets a digest', () => {
    expect(namesOf('Genève')).toEqual({ Genève: 'Geneve' })
    expect(namesOf('2020_roads')).toEqual({ '2020_roads': '_2020Roads' })
    expect(namesOf('道路', 'straße', 'invalid', 'roads', 'Roads')).toEqual({
      道路: expect.stringMatching(/^Layer_[0-9a-f]{6}$/),
      straße: expect.stringMatching(/^Strae_[0-9a-f]{6}$/),
      invalid: expect.stringMatching(/^Invalid_[0-9a-f]{6}$/),
      roads: 'Roads',
      Roads: expect.stringMatching(/^Roads_[0-9a-f]{6}$/),
    })
  })

  it('is the same for every order of the layers', () => {
    const layers = ['a_b', 'a-b', 'A-b', 'aB', 'ab', 'ä_b']
    expect(namesOf(...layers.toReversed())).toEqual(namesOf(...layers))
  })

  it('has a valid and unique type for every layer name, and no layer name has a colon', () => {
    const random = new Random()
    const layers = [...new Set(Array.from({ length: 1_000 }, () => validName(hostileText(random, 'x'))))]
    const schema = wholeSchema(named(...layers).map((layer) => ({ ...layer, isWritable: true })))
    const generic = Object.keys(wholeSchema([]).getMutationType()!.getFields()).length
    expect(Object.keys(schema.getMutationType()!.getFields()).length).toBe(3 * layers.length + generic)
    const types = layers.map((name) => featureTypeOf(schema, { name }).name)
    expect(new Set(types).size).toBe(layers.length)
    for (const type of types) expect(type).toMatch(/^(?!__)[A-Za-z_]\w*Feature$/)
    for (const layer of layers) expect(layer).not.toContain(':')
  })
})

describe('the schema of all layers', () => {
  it('has a type for each struct of two layers, also if one of them is named like the filter of the other', () => {
    const type: FieldType = { kind: 'struct', fields: [{ name: 'x', type: { kind: 'utf8' } }] }
    const columns = [{ name: 'st', type, native: 'STRUCT(x VARCHAR)', jsonType: 'OBJECT' as const, nullable: true }]
    const layers = ['roads', 'roads_filter', 'roads_group', 'roads_keys'].map((name) => ({ ...LAYER, name, columns }))
    const schema = wholeSchema(layers)
    expect(schema.getType('Roads_St')).toBeDefined()
    expect(schema.getType('RoadsFilter_St')).toBeDefined()
  })

  it('is valid, and has a type for each layer that is a Feature and a Node', () => {
    const schema = wholeSchema(named('roads', 'rivers').map((layer) => ({ ...layer, isWritable: true })))
    expect(schema.getType('RoadsFeatureInput')).toBeDefined()
    expect(validateSchema(Object.assign(schema, { __validationErrors: undefined }))).toEqual([])
    const [feature, node] = ['Feature', 'Node'].map((name) => schema.getType(name) as GraphQLInterfaceType)
    for (const type of [feature!, node!])
      expect(schema.getPossibleTypes(type).map(({ name }) => name)).toEqual(['RoadsFeature', 'RiversFeature'])
    const fields = (schema.getType('RoadsFeature') as GraphQLObjectType).getFields()
    for (const [name, field] of Object.entries(feature!.getFields())) expect(fields[name], name).toBe(field)
  })
})
