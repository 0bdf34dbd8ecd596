/** Pages and streams in the order of the distance, by real workers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeCursor, encodeCursor } from '../../../src/ask/cursor.ts'
import type { Engine } from '../../../src/engines/engine.ts'
import type { FeatureOrder } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'
import type { FeatureQuery, RowPosition } from '../../../src/model/query.ts'
import { ask, context, eventually, isAtRest, pageIds, ROWS, squares, squaresLayer, testPool } from '../../support/pool.ts'
import { Random } from '../../support/random.ts'

const SECRET = 'shared by both servers'
const random = new Random()

let engines: Engine[]
let layer: Layer

beforeAll(async () => {
  const file = await squares()
  layer = squaresLayer(file)
  // Two servers with the same data, one of them with one thread.
  engines = await Promise.all([
    testPool([file], { deadlineSeconds: 120 }),
    testPool([file], { deadlineSeconds: 120 }, { threads: 1 }),
  ])
})
afterAll(() => Promise.all(engines.map((engine) => engine.close())))

/** A plane is faster, and the same code orders its rows. The middle of a square has ties. */
const plane = () => ({ ...layer, crs: { code: 'EPSG:3857', name: 'a plane', isLonLat: false } })
const orderTo = (wkt: string): readonly FeatureOrder[] => [{ distance: { to: { wkt } } }]

function byDistance(of: Layer, wkt: string): FeatureQuery {
  const fields = [{ key: 'id', field: 'key' }] as const
  return ask(of, {
    orderBy: orderTo(wkt),
    outputs: [
      {
        kind: 'edges',
        fields: [
          { key: 'd', field: 'distance' },
          { key: 'node', field: 'node', fields },
        ],
      },
    ],
  })
}

interface Edge {
  readonly d: number | null
  readonly node: { readonly id: string }
}

const edgesOf = (bytes: Uint8Array): readonly Edge[] => JSON.parse(Buffer.from(bytes).toString()) as Edge[]

async function whole(query: FeatureQuery): Promise<Edge[]> {
  const edges: Edge[] = []
  for await (const batch of engines[0]!.stream(query, { batchSize: 10_000 }, context())) {
    edges.push(...edgesOf(batch.outputs[0]!))
    batch.release()
  }
  return edges
}

describe('a stream in the order of the distance', { timeout: 240_000 }, () => {
  let query: FeatureQuery
  let all: readonly Edge[]
  beforeAll(async () => {
    query = byDistance(plane(), 'POINT(3.65 4.85)')
    all = await whole(query)
  })

  test('has every feature once, the nearest first, with ties in natural order', () => {
    expect(new Set(all.map(({ node }) => node.id)).size).toBe(ROWS)
    const wrong = all.findIndex(({ d, node }, n) => {
      const before = all[n - 1]
      return before !== undefined && !(before.d! < d! || (before.d === d && Number(before.node.id) < Number(node.id)))
    })
    expect(wrong).toBe(-1)
  })

  test('has the distances of boxes on a plane', () => {
    const off = all.filter(({ d, node }) => {
      const [x, y] = [(Number(node.id) % 1_000) * 0.36 - 180, Math.floor(Number(node.id) / 1_000) * 0.8 - 80]
      const [dx, dy] = [Math.max(x - 3.65, 0, 3.65 - x - 0.1), Math.max(y - 4.85, 0, 4.85 - y - 0.1)]
      return Math.abs(d! - Math.hypot(dx, dy)) > 1e-9
    })
    expect(off).toEqual([])
  })

  test('is the same when it is cut at 50 places and resumed by cursor, on one server and another in turn', async () => {
    const expected = all.map(({ node }) => node.id)
    for (let cut = 0; cut < 50; cut++) {
      // A stream of a thousand features from a random place, and the last of them from its end.
      const at = cut === 0 ? ROWS - 1 : random.integer(ROWS)
      const edge = all[at]!
      const place: RowPosition = { keys: [String(edge.d), edge.node.id] }
      const after = decodeCursor(SECRET, query, encodeCursor(SECRET, query, place))
      const ids: string[] = []
      for await (const batch of engines[cut % 2]!.stream({ ...query, after, limit: 1_000 }, { batchSize: 400 }, context())) {
        ids.push(...edgesOf(batch.outputs[0]!).map(({ node }) => node.id))
        batch.release()
      }
      expect(ids, `cut at ${at}`).toEqual(expected.slice(at + 1, at + 1_001))
    }
  })

  test('continues exactly when its worker is killed', async () => {
    const engine = engines[0]!
    const { workers } = await engine.health()
    const { pid } = workers.find(({ lane }) => lane === 'NORMAL')!.diagnostics!
    const ids: string[] = []
    let killed = false
    for await (const batch of engine.stream(query, { batchSize: 5_000 }, context())) {
      ids.push(...edgesOf(batch.outputs[0]!).map(({ node }) => node.id))
      batch.release()
      if (!killed && ids.length > 20_000) {
        process.kill(pid, 'SIGKILL')
        killed = true
      }
    }
    expect(killed).toBe(true)
    expect(ids.join() === all.map(({ node }) => node.id).join()).toBe(true)
    await eventually(async () => (await engine.health()).workers.every(isAtRest), 120_000)
  })
})

describe('a page in the order of the distance', () => {
  test('reads a part of the layer, and is the beginning of the stream', async () => {
    const query = byDistance(layer, 'POINT(179.99 10)')
    const page = await engines[0]!.page(query, 5, context())
    const edges = page.outputs[0]!.flatMap((bytes) => edgesOf(bytes))
    expect(page.hasMore).toBe(true)
    // Squares on both sides of the antimeridian.
    expect(new Set(edges.map(({ node }) => (Number(node.id) % 1_000 < 500 ? 'east' : 'west')))).toEqual(new Set(['east', 'west']))
    const { after: _, ...rest } = query
    const next = await engines[1]!.page({ ...rest, after: page.position }, 5, context())
    const ten = await engines[1]!.page(query, 10, context())
    expect([...edges, ...next.outputs[0]!.flatMap((bytes) => edgesOf(bytes))]).toEqual(
      ten.outputs[0]!.flatMap((bytes) => edgesOf(bytes)),
    )
    for (const { release } of [page, next, ten]) release()
  })

  test('has all features that a filter leaves, however few and far they are', async () => {
    const where = { property: { name: 'id', in: ['7', '100007', '199999'] } }
    const page = await engines[0]!.page(ask(layer, { where, orderBy: orderTo('POINT(0 0)') }), 10, context())
    expect(pageIds(page)).toEqual(['7', '199999', '100007'])
    expect(page.hasMore).toBe(false)
    page.release()
  })

  test('is ordered by other keys where distances are equal, and from the farthest on in descending order', async () => {
    const at = (orderBy: readonly FeatureOrder[], first: number) =>
      engines[0]!.page(ask(plane(), { orderBy, where: { property: { name: 'id', lt: '2000' } } }), first, context())
    const to = { wkt: 'LINESTRING(-180 -80, 180 -80)' }
    // The line meets every square of the first row.
    const ties = await at([{ distance: { to } }, { property: 'id', direction: 'DESC' }], 3)
    expect(pageIds(ties)).toEqual(['999', '998', '997'])
    const farthest = await at([{ distance: { to }, direction: 'DESC' }], 2)
    expect(pageIds(farthest)).toEqual(['1000', '1001'])
    for (const { release } of [ties, farthest]) release()
  })
})
