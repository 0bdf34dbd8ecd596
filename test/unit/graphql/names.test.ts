/** Names of layers and columns in GraphQL: pure functions of the set of names, valid and unique for any names. */
import { describe, expect, it } from 'vitest'
import { validName } from '../../../src/catalog/names.ts'
import { openSchema } from '../../../src/graphql/schema.ts'
import { labelsOf } from '../../../src/graphql/typed/labels.ts'
import { columnNames, layerNameFaults, layerNames, reservedNames } from '../../../src/graphql/typed/names.ts'
import { RESERVED_FIELDS } from '../../../src/model/graphql-name.ts'
import { hostileText } from '../../support/hostile-text.ts'
import { LAYER } from '../../support/layers.ts'
import { Random } from '../../support/random.ts'

const [COLUMN] = LAYER.columns
const RESERVED = reservedNames(openSchema())

/** A name may be a pair with its configured name. */
type Given = string | readonly [name: string, graphqlName: string]

function columns(...given: readonly Given[]): Record<string, readonly [field: string, value: string]> {
  const list = given.map((one) =>
    typeof one === 'string' ? { ...COLUMN!, name: one } : { ...COLUMN!, name: one[0], graphqlName: one[1] },
  )
  return Object.fromEntries([...columnNames({ columns: list })].map(([name, { field, value }]) => [name, [field, value]]))
}

function layers(...given: readonly Given[]): Record<string, string> {
  const list = given.map((one) =>
    typeof one === 'string'
      ? { ...LAYER, name: one }
      : {
          ...LAYER,
          name: one[0],
          tailoring: { title: null, description: null, hidden: [], onInvalid: 'flag' as const, graphqlName: one[1] },
        },
  )
  return Object.fromEntries([...layerNames(list, RESERVED)].map(([name, { field }]) => [name, field]))
}

const digest = (name: string) => expect.stringMatching(new RegExp(`^${name}_[0-9a-f]{6}$`))
const capitals = (name: string) => expect.stringMatching(new RegExp(`^${name}_[0-9A-F]{6}$`))

describe('the name of a column', () => {
  it('is in camelCase, and its enum value in capitals', () => {
    expect(columns('NAME_EN', 'scalerank', 'popMax', 'a b', 'pop.est', 'ISO_A2', 'name_1', 'café')).toEqual({
      NAME_EN: ['nameEn', 'NAME_EN'],
      scalerank: ['scalerank', 'SCALERANK'],
      popMax: ['popMax', 'POP_MAX'],
      'a b': ['aB', 'A_B'],
      'pop.est': ['popEst', 'POP_EST'],
      ISO_A2: ['isoA2', 'ISO_A2'],
      name_1: ['name_1', 'NAME_1'],
      café: ['cafe', 'CAFE'],
    })
  })

  it('ends with `_` if it is reserved, and begins with `_` before a digit', () => {
    for (const name of RESERVED_FIELDS) if (name !== '__typename') expect(columns(name)[name]![0]).toBe(`${name}_`)
    expect(columns('__typename', '1st')).toEqual({ __typename: ['typename', 'TYPENAME'], '1st': ['_1st', '_1ST'] })
  })

  it('ends with a digest if it lost characters, or if another column has it too, also in capitals', () => {
    expect(columns('道路', '🦆', 'pop (est)')).toEqual({
      道路: [digest('column'), capitals('COLUMN')],
      '🦆': [digest('column'), capitals('COLUMN')],
      'pop (est)': [digest('popEst'), capitals('POP_EST')],
    })
    expect(columns('a b', 'a-b')).toEqual({ 'a b': [digest('aB'), capitals('A_B')], 'a-b': [digest('aB'), capitals('A_B')] })
  })

  it('stays if the column is exactly named so', () => {
    expect(columns('a b', 'aB', 'id', 'id_')).toEqual({
      'a b': [digest('aB'), capitals('A_B')],
      aB: ['aB', 'A_B'],
      id: [digest('id'), capitals('ID')],
      id_: ['id_', 'ID_'],
    })
    expect(columns('aBC', 'aBc')).toEqual({ aBC: ['aBC', capitals('A_BC')], aBc: ['aBc', capitals('A_BC')] })
  })

  it('is the configured one, which no other column gets', () => {
    expect(columns(['source name', 'name'], 'name', 'x')).toEqual({
      'source name': ['name', 'NAME'],
      name: [digest('name'), capitals('NAME')],
      x: ['x', 'X'],
    })
  })

  it('is valid, unique and free for any names, and the same in every order', () => {
    const random = new Random()
    for (let round = 0; round < 50; round++) {
      const names = [...new Set(Array.from({ length: 60 }, () => hostileText(random, 'aB_1')))]
      // Names that equal the names of others, with their digests.
      names.push(
        ...Object.values(columns(...names))
          .flat()
          .filter((name) => random.chance(0.2) && !names.includes(name)),
      )
      const given = [...new Set(names)]
      const made = columns(...given)
      const shuffled = columns(...given.toSorted(() => random.integer(3) - 1))
      expect(shuffled).toEqual(Object.fromEntries(Object.keys(shuffled).map((name) => [name, made[name]])))
      const [fields, values] = [0, 1].map((part) => Object.values(made).map((pair) => pair[part]!))
      for (const list of [fields!, values!]) {
        expect(new Set(list).size).toBe(given.length)
        for (const name of list) expect(name).toMatch(/^(?!__)[A-Za-z_][A-Za-z0-9_]*$/)
      }
      expect(fields!.filter((name) => RESERVED_FIELDS.has(name))).toEqual([])
    }
  })
})

describe('the names of a layer', () => {
  it('are free: no root field or type is one of the generic schema, or of another layer', () => {
    expect(layers('features', 'health', 'node', 'int', 'invalid', 'observations')).toEqual({
      features: digest('features'),
      health: digest('health'),
      node: digest('node'),
      int: digest('int'),
      invalid: digest('invalid'),
      observations: 'observations',
    })
    expect(
      layers(
        'roads',
        'roads_feature',
        'roads-group',
        'roadsNearest',
        'roads_2',
        'roads_filter',
        'roads_change',
        'roads_snapshot',
      ),
    ).toEqual({
      roads: 'roads',
      roads_feature: digest('roadsFeature'),
      'roads-group': digest('roadsGroup'),
      roadsNearest: digest('roadsNearest'),
      roads_2: 'roads_2',
      roads_filter: digest('roadsFilter'),
      roads_change: digest('roadsChange'),
      roads_snapshot: digest('roadsSnapshot'),
    })
  })

  it('are the configured one, also if another layer is named so', () => {
    expect(layers(['streets', 'roads'], 'roads', 'roads_feature')).toEqual({
      streets: 'roads',
      roads: digest('roads'),
      roads_feature: digest('roadsFeature'),
    })
    expect(layers(['streets', 'roadsFeature'], 'roads')).toEqual({ streets: 'roadsFeature', roads: digest('roads') })
  })

  it('are the same in every order', () => {
    const random = new Random()
    const names = [...new Set(Array.from({ length: 300 }, () => validName(hostileText(random, 'aB_-1'))))]
    const made = layers(...names)
    expect(new Set(Object.values(made)).size).toBe(names.length)
    for (let round = 0; round < 5; round++) {
      const shuffled = layers(...names.toSorted(() => random.integer(3) - 1))
      expect(shuffled).toEqual(made)
    }
  })

  it('are refused in the configuration if they belong to the generic schema or to another layer', () => {
    expect(layerNameFaults([{ name: 'a', graphqlName: 'features' }], RESERVED)).toEqual([
      'layer a: its graphqlName `features` belongs to the generic schema; choose another',
    ])
    const both = [
      { name: 'a', graphqlName: 'roadsFeature' },
      { name: 'b', graphqlName: 'roads' },
    ]
    expect(layerNameFaults(both, RESERVED)).toEqual([
      'layers b and a: `roadsFeature`, the graphqlName of a, is a root field or a type of b, whose graphqlName is `roads`; choose another for one of them',
    ])
    expect(layerNameFaults([{ name: 'a', graphqlName: 'roads' }, { name: 'b' }], RESERVED)).toEqual([])
  })
})

describe('the enum value of a text', () => {
  it('is the text if it is a name in GraphQL, else the text with `_` for what is none', () => {
    expect(Object.fromEntries(labelsOf(['bird', 'bird of prey', '1st', 'true', '__x', 'B-1', 'ä', ''])!)).toEqual({
      bird: 'bird',
      'bird of prey': 'bird_of_prey',
      '1st': '_1st',
      true: 'true_',
      __x: '_x',
      'B-1': 'B_1',
      ä: expect.stringMatching(/^_[0-9a-f]{6}$/),
      '': expect.stringMatching(/^_[0-9a-f]{6}$/),
    })
  })

  it('ends with a digest if two texts have it', () => {
    expect(Object.fromEntries(labelsOf(['a b', 'a_b', 'a-b'])!)).toEqual({
      a_b: 'a_b',
      'a b': digest('a_b'),
      'a-b': digest('a_b'),
    })
  })

  it('is unique for many texts of which nothing is left', () => {
    const texts = Array.from({ length: 20_000 }, (_, n) => String.fromCodePoint(0x20000 + n))
    expect(new Set(labelsOf(texts)!.map(([, label]) => label)).size).toBe(texts.length)
  })

  it('is valid and unique for any texts', () => {
    const random = new Random()
    for (let round = 0; round < 50; round++) {
      const texts = [
        ...new Set(
          Array.from({ length: 40 }, () => hostileText(random, 'a b')).flatMap((text) => [text, text.replaceAll(/[a-z ]/g, '')]),
        ),
      ]
      const labels = labelsOf(texts)!.map(([, label]) => label)
      expect(new Set(labels).size).toBe(texts.length)
      for (const label of labels) expect(label).toMatch(/^(?!__|(?:true|false|null)$)[A-Za-z_][A-Za-z0-9_]*$/)
    }
  })
})
