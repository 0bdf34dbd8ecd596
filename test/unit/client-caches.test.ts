/** geoduck-client contains some names of the schema, which it does not read. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildSchema, getNamedType, isListType, isNonNullType, isObjectType } from 'graphql'
import { expect, test } from 'vitest'
import { typePolicies } from '../../src/client/apollo.ts'
import { connectionTypes, featureTypes, listFields, STRUCT_TYPE } from '../../src/client/layer-types.ts'
import { ROOT } from '../support/environment.ts'

const schema = buildSchema(readFileSync(join(ROOT, 'schema.graphql'), 'utf8'))
const fieldsOf = (type: string) => {
  const named = schema.getType(type)
  return isObjectType(named) ? Object.values(named.getFields()) : []
}
const query = fieldsOf('Query')

test('the fields and types of lists are those of the schema', () => {
  const isConnection = (type: string) => type.endsWith('Connection')
  const lists = query.filter(({ type }) => isConnection(getNamedType(type).name))
  expect(listFields([]).toSorted()).toEqual(lists.map(({ name }) => name).toSorted())
  expect(connectionTypes([]).toSorted()).toEqual(Object.keys(schema.getTypeMap()).filter(isConnection).toSorted())
})

test('a single object without an id, in a field that a cache keeps, merges with what the cache has of it', () => {
  const policies = typePolicies([])
  const isKept = (type: string) => type in policies
  const unknown = ['Query', ...Object.keys(policies).filter((type) => fieldsOf(type).length > 0)].flatMap((type) =>
    fieldsOf(type).flatMap((field) => {
      const inner = isNonNullType(field.type) ? field.type.ofType : field.type
      const { name } = getNamedType(inner)
      if (isListType(inner) || !isObjectType(inner) || name.endsWith('Connection') || isKept(name)) return []
      return `${type}.${field.name}: ${name}`
    }),
  )
  expect(unknown).toEqual([])
})

test('the types of struct columns have names that no other type has', () => {
  const layers = ['towns', 'myRoads', '_1st', 'roads_3fa9c1', 'roads_2']
  expect(featureTypes(layers)).toEqual(['TownsFeature', 'MyRoadsFeature', '_1stFeature', 'Roads_3fa9c1Feature', 'Roads_2Feature'])
  const struct = new RegExp(`^${STRUCT_TYPE}$`)
  const types = [...featureTypes(layers), ...connectionTypes(layers), ...Object.keys(schema.getTypeMap())]
  expect(types.filter((type) => struct.test(type) && !type.startsWith('__'))).toEqual([])
  for (const type of ['Towns_Source', 'Towns_Source_Inner', 'Towns__1st', 'Roads_3fa9c1_Source', 'Towns_LastFeature'])
    expect(type).toMatch(struct)
})
