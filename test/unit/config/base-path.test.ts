import { expect, it } from 'vitest'
import { basePath } from '../../../src/config/values.ts'

it.each([
  ['/geo', '/geo'],
  ['/geo/', '/geo'],
  ['/a/b-1/c_2~.x', '/a/b-1/c_2~.x'],
  ['/mapping', '/mapping'],
  ['/geo/map', '/geo/map'],
  ['/', ''],
  ['', ''],
  ['geo', null],
  ['/geo//', null],
  ['//geo', null],
  ['/geo/../x', null],
  ['/./geo', null],
  ['/geo?x', null],
  ['/geo path', null],
  ['/g%65o', null],
  ['/"><script>', null],
  ['https://maps.example/geo', null],
  ['/map', null],
  ['/graphql/v1', null],
])('the base path %s is %s', (given, path) => {
  for (const schema of [basePath.schema, basePath.json]) expect(schema.safeParse(given).data ?? null).toBe(path)
})
