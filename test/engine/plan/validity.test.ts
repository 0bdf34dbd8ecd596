/** The treatment of invalid geometries by a layer's configuration, before and after its check. */

import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { countOf } from '../../../src/ask/groups/read-groups.ts'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import { compileRows } from '../../../src/engines/duckdb/dialect/compile-rows.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { fixture } from '../../fixtures/index.ts'
import { judged, tailoring } from '../../support/configured.ts'
import { queryOf } from '../../support/filter.ts'
import { Engine } from '../../support/plan/engine.ts'

const folder = await fixture('configured')
const parcels = join(folder, 'parcels.parquet')
const truth = await judged(parcels)
const kept = truth.filter(({ valid }) => valid).map(({ row }) => `p${String(row).padStart(4, '0')}`)
const engine = await Engine.open(2)
afterAll(() => engine.close())

const found = (invalid: number) =>
  ({ nullGeometries: 0, emptyGeometries: 0, withZ: 0, withM: 0, invalid, firstInvalid: [] }) satisfies Layer['check']
const layer = (overrides: Partial<Layer>) => engine.parquet(parcels, { geometryColumn: 'geometry', ...overrides })

test.each([
  ['before the scan', { state: 'CHECKING' }],
  ['behind it', { state: 'READY', check: found(500) }],
  ['where nothing tells how many there are', { state: 'READY' }],
] as const)('drop leaves the same rows out %s', async (_when, state) => {
  const query = queryOf(await layer({ ...tailoring('drop'), ...state }), { properties: ['parcel_id'] })
  const plan = compileFeatures(query)
  const at = plan.layout.properties[0]!
  expect((await engine.rows(plan)).map((row) => row[at])).toEqual(kept)
  expect((await engine.rows(compileRows(countOf(query))))[0]![0]).toBe(BigInt(kept.length))
})

test('drop does not let the engine at geometry that would end the process, before the scan', async () => {
  const killer = await fixture('databases/duckdb-native-killer.parquet')
  const query = queryOf(await engine.parquet(killer, { ...tailoring('drop'), state: 'CHECKING' }))
  expect((await engine.rows(compileRows(countOf(query))))[0]![0]).toBe(999n)
})

test('repair waits for the scan: nothing else proves that the geometry can be touched', async () => {
  const sqlOf = async (overrides: Partial<Layer>) =>
    compileFeatures(queryOf(await layer(overrides), { outputs: [{ kind: 'arrow' }] })).statement.sql
  expect(await sqlOf({ ...tailoring('repair'), state: 'CHECKING' })).not.toContain('ST_MakeValid')
  expect(await sqlOf({ ...tailoring('repair'), check: found(500) })).toContain('ST_MakeValid')
})

test('where the scan met none that is not valid, neither costs anything', async () => {
  const plain = compileFeatures(queryOf(await layer({}))).statement
  for (const onInvalid of ['repair', 'drop'] as const) {
    expect(compileFeatures(queryOf(await layer({ ...tailoring(onInvalid), check: found(0) }))).statement).toEqual(plain)
  }
})
