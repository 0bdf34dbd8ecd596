/** The schema follows the layers: each has one feature type, with any layer name. */
import {
  execute,
  type GraphQLInterfaceType,
  GraphQLObjectType,
  getIntrospectionQuery,
  type IntrospectionQuery,
  parse,
  validateSchema,
} from 'graphql'
import { describe, expect, it } from 'vitest'
import { validName } from '../../../src/catalog/names.ts'
import { CurrentSchema, featureTypeOf, openSchema } from '../../../src/graphql/schema.ts'
import { layerNames, reservedNames } from '../../../src/graphql/typed/names.ts'
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
    const schema = new CurrentSchema(() => named(...layers)).current
    const types = layers.map((name) => featureTypeOf(schema, { name }).name)
    expect(new Set(types).size).toBe(layers.length)
    for (const type of types) expect(type).toMatch(/^(?!__)[A-Za-z_]\w*Feature$/)
    for (const layer of layers) expect(layer).not.toContain(':')
  })
})

describe('the schema', () => {
  it('is valid, and has a type for each layer that is a Feature and a Node', () => {
    const schema = new CurrentSchema(() => named('roads', 'rivers')).current
    expect(validateSchema(Object.assign(schema, { __validationErrors: undefined }))).toEqual([])
    const [feature, node] = ['Feature', 'Node'].map((name) => schema.getType(name) as GraphQLInterfaceType)
    for (const type of [feature!, node!])
      expect(schema.getPossibleTypes(type).map(({ name }) => name)).toEqual(['RoadsFeature', 'RiversFeature'])
    const roads = (schema.getType('RoadsFeature') as GraphQLObjectType).getFields()
    const shared = Object.values(feature!.getFields())
    // Compared one by one, because a failure would print all types that a field leads to.
    expect(shared.filter((field) => roads[field.name] !== field).map(({ name }) => name)).toEqual([])
    expect(Object.keys(roads).slice(shared.length)).toEqual(LAYER.columns.map(({ name }) => name))
  })

  it('is made before an operation asks for it, once for many changes at a time', async () => {
    let reads = 0
    const served = new CurrentSchema(() => {
      reads++
      return named('roads')
    })
    for (let n = 0; n < 5; n++) served.prepare()
    expect(reads).toBe(0)
    await new Promise(setImmediate)
    expect(reads).toBe(1)
    expect(served.current.getType('RoadsFeature')).toBeDefined()
  })

  it('stays the same object while the layers are unchanged, and follows added and removed layers', () => {
    let layers = named('roads', 'rivers')
    const served = new CurrentSchema(() => layers)
    const before = served.current
    expect(served.current).toBe(before)
    layers = named('roads', 'lakes')
    const after = served.current
    expect(after.getType('RoadsFeature')).toBe(before.getType('RoadsFeature'))
    expect([after.getType('RiversFeature'), after.getType('LakesFeature')]).toEqual([undefined, expect.any(GraphQLObjectType)])
    expect(() => featureTypeOf(before, { name: 'lakes' })).toThrow('Layer lakes has only just been added; ask again.')
  })

  it('of 1,000 layers is introspected in steps: other work has its turn after every 50 types', async () => {
    const schema = new CurrentSchema(() => named(...Array.from({ length: 1_000 }, (_, n) => `layer_${n}`))).current
    let turns = 0
    let told = false
    const count = () => {
      turns++
      if (!told) setImmediate(count)
    }
    setImmediate(count)
    const result = await execute({ schema, document: parse(getIntrospectionQuery()) })
    told = true
    const data = result.data as unknown as IntrospectionQuery
    expect(data.__schema.types.length).toBe(Object.keys(schema.getTypeMap()).length)
    expect(data.__schema.types.map(({ name }) => name)).toEqual(Object.keys(schema.getTypeMap()))
    expect(turns).toBeGreaterThanOrEqual(1_000 / 50)
  })
})
