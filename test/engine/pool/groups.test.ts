/** Groups of high cardinality, and unions, under small memory limits: real data, real limits. */
import { expect, test } from 'vitest'
import { GroupColumns } from '../../../src/ask/groups/group-columns.ts'
import { countIn, countOf } from '../../../src/ask/groups/read-groups.ts'
import { memberAt } from '../../../src/ask/read/member.ts'
import { viewOf } from '../../../src/ask/view.ts'
import type { Engine } from '../../../src/engines/engine.ts'
import type { Layer } from '../../../src/model/layer.ts'
import type { GroupQuery } from '../../../src/model/query.ts'
import { filterOf } from '../../support/filter.ts'
import { context, squares, squaresLayer, testPool } from '../../support/pool.ts'

const MANY = 2_000_000

/** Groups by a column, with the sum of another and the highest name. */
function groupsBy(layer: Layer, column: string): GroupQuery {
  const view = viewOf(layer)
  const columns = new GroupColumns(view, 1_000)
  const named = memberAt(view, column, [])
  columns.addValue(column, named, named)
  const [sum, name] = [columns.figure('sum', { column: 'score' }), columns.figure('max', { column: 'name' })]
  const fields = [
    { key: 'key', field: 'property', name: columns.keys[0]!.field.name },
    { key: 'sum', field: 'property', name: sum.field.name },
    { key: 'name', field: 'property', name: name.field.name },
  ] as const
  return groups(columns, fields)
}

function groups(
  columns: GroupColumns,
  fields: Extract<GroupQuery['outputs'][number], { kind: 'features' }>['fields'],
): GroupQuery {
  return {
    kind: 'groups',
    view: columns.view,
    where: null,
    keys: columns.keys,
    measures: columns.measures,
    having: null,
    orderBy: [],
    digest: '',
    limit: null,
    after: null,
    outputs: [{ kind: 'features', fields }],
  }
}

async function deathsIn(engine: Engine): Promise<number> {
  const { workers } = await engine.health()
  return workers.reduce((sum, { deaths }) => sum + deaths, 0)
}

async function within(file: string, memoryLimitBytes: number, use: (engine: Engine) => Promise<void>): Promise<void> {
  const engine = await testPool([file], { deadlineSeconds: 280 }, { memoryLimitBytes, threads: 2, tempDirectoryBytes: 4e9 })
  try {
    await use(engine)
    expect(await deathsIn(engine)).toBe(0)
  } finally {
    await engine.close()
  }
}

test('two million groups of texts are counted and streamed in order under 256 MB', { timeout: 300_000 }, async () => {
  const file = await squares(MANY)
  const query = groupsBy(squaresLayer(file, MANY), 'name')
  await within(file, 256_000_000, async (engine) => {
    const { outputs } = await engine.page(countOf(query), 1, context())
    expect(countIn(Buffer.concat(outputs[0]!))).toBe(BigInt(MANY))
    let last = ''
    let count = 0
    for await (const batch of engine.stream({ ...query, limit: 100_000 }, { batchSize: 10_000 }, context())) {
      for (const { key, sum, name } of JSON.parse(Buffer.from(batch.outputs[0]!).toString()) as Record<string, string>[]) {
        expect(key! > last).toBe(true)
        last = key!
        expect(name).toBe(key)
        expect(sum).toBe(String((Number(key!.slice(7)) * 7_919) % 1_000))
        count++
      }
      batch.release()
    }
    expect(count).toBe(100_000)
  })
})

test('two million groups under 32 MB end in OUT_OF_MEMORY or succeed, and no worker dies', { timeout: 300_000 }, async () => {
  const file = await squares(MANY)
  const layer = squaresLayer(file, MANY)
  await within(file, 32_000_000, async (engine) => {
    const page = engine.page(groupsBy(layer, 'name'), 10, context())
    const outcome = await page.then(
      ({ count }) => count,
      ({ code }: { code: string }) => code,
    )
    expect([10, 'OUT_OF_MEMORY']).toContain(outcome)
    // The next query succeeds.
    expect(
      await engine.page({ ...groupsBy(layer, 'score'), where: filterOf(layer, { bbox: [-180, -90, 180, 0] }) }, 10, context()),
    ).toMatchObject({ count: 10 })
  })
})

test('a union and a hull of more vertices than the limit are refused before they hold a geometry', async () => {
  const file = await squares()
  const layer = squaresLayer(file)
  await within(file, 1e9, async (engine) => {
    for (const kind of ['union', 'convexHull'] as const) {
      const columns = new GroupColumns(viewOf(layer), 1_000)
      const geometry = columns.geometry(kind)
      const query = groups(columns, [{ key: 'shape', field: 'geometry', as: 'GEOJSON', precision: 3, geometry }])
      await expect(engine.page(query, 1, context())).rejects.toMatchObject({
        code: 'BAD_INPUT',
        message: expect.stringContaining('--max-aggregate-vertices'),
      })
      // Two neighbours of one row, which touch.
      const where = filterOf(layer, { bbox: [-180, -80, -179.5, -79.95] })
      const { outputs } = await engine.page({ ...query, where }, 1, context())
      const [row] = JSON.parse(Buffer.concat(outputs[0]!).toString()) as { shape: { type: string } }[]
      expect(row!.shape.type).toBe(kind === 'union' ? 'MultiPolygon' : 'Polygon')
    }
  })
})
