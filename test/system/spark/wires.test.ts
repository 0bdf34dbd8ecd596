/** Every wire and every encoding serves a layer whose rows Spark gathers, with the same bytes as a layer of the same files. */
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fixture } from '../../fixtures/index.ts'
import { checked } from '../../support/graphql.ts'
import { serve, type TestServer } from '../../support/server.ts'
import { WIRES } from './wires.ts'

let direct: TestServer
let gathering: TestServer

beforeAll(async () => {
  const folder = await fixture('spark')
  const layers = ['edges', 'points'].map((name) => ({ name, path: join(folder, name), key: 'id' }))
  direct = await serve([], { layers, pageRows: 20_000 })
  gathering = await serve([], { layers, pageRows: 20_000 })
  await checked(direct)
})

afterAll(async () => {
  await gathering?.close()
  await direct?.close()
})

it.each(Object.entries(WIRES))('%s', async (_, wire) => {
  const expected = await wire(direct)
  expect(JSON.stringify(expected)).not.toMatch(/"errors\\*":|"status":[45]/)
  expect(await wire(gathering)).toEqual(expected)
})
