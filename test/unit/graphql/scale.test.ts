/** An operation costs the same with 10,000 layers as with 10, and reloads of 1,000 layers leave nothing in memory. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { parse } from 'graphql'
import { expect, it } from 'vitest'
import { CurrentSchema } from '../../../src/graphql/current-schema.ts'
import { DocumentReader } from '../../../src/graphql/document.ts'
import type { Layer } from '../../../src/model/layer.ts'
import { LAYER } from '../../support/layers.ts'
import { inOneOf } from '../../support/rounds.ts'

const COLUMNS = 15
const documents = new DocumentReader({ limits: { tokens: 2_000, depth: 10, aliases: 15, rootFields: 5 }, introspection: true })

/** A catalogue of that many layers with 15 columns each. `reload` gives all of them new columns. */
function catalogue(count: number) {
  let layers = new Map<string, Layer>()
  const reload = () => {
    const made = Array.from({ length: count }, (_, n): Layer => {
      const columns = Array.from({ length: COLUMNS }, (_, at) => ({ ...LAYER.columns[0]!, name: `column${at}` }))
      return { ...LAYER, name: `layer${n}`, columns }
    })
    layers = new Map(made.map((layer) => [layer.name, layer]))
  }
  reload()
  return {
    reload,
    layers: () => [...layers.values()],
    layer: (name: string) => layers.get(name),
    rivals: () => [],
    notReady: null,
  }
}

const typed = (n: number) => `{ layer${n} { features { id column0 column1 } } }`

function milliseconds(work: () => void): number {
  const startedAt = performance.now()
  work()
  return performance.now() - startedAt
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!

it.each([
  ['whose layers were asked for before', 1],
  ['whose layer was never asked for', 10_000],
])('an operation %s costs the same with 10,000 layers as with 10', async (_, different) => {
  const [few, many] = [10, 10_000].map((count) => new CurrentSchema(catalogue(count)))
  const check = (schema: CurrentSchema, n: number) => {
    const document = parse(typed(n))
    const { errors } = documents.check(schema, document)
    expect(errors).toEqual([])
  }
  for (let n = 0; n < 20; n++) for (const schema of [few!, many!]) check(schema, n % 10)
  await inOneOf(3, async () => {
    const times: [few: number[], many: number[]] = [[], []]
    for (let n = 0; n < 150; n++) {
      // Each of 10 layers has been queried soon, so the schema is a new one.
      const fresh = different === 1 ? few! : new CurrentSchema(catalogue(10))
      times[0].push(milliseconds(() => check(fresh, n % 10)))
      times[1].push(milliseconds(() => check(many!, (n * 7) % Math.max(10, different))))
    }
    const ratio = median(times[1]) / median(times[0])
    console.log(`10,000 layers cost ${ratio.toFixed(2)} times what 10 cost`)
    expect(ratio).toBeLessThan(1.5)
  })
})

it('100 reloads of 1,000 layers with 15 columns add less than 60 MB to the heap', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heap = () => {
    collect()
    return process.memoryUsage().heapUsed / 1e6
  }
  const served = catalogue(1_000)
  const schema = new CurrentSchema(served)
  const ask = () => {
    for (let n = 0; n < 1_000; n += 25) expect(documents.check(schema, parse(typed(n))).errors).toEqual([])
  }
  ask()
  const before = heap()
  for (let reload = 0; reload < 100; reload++) {
    served.reload()
    schema.layersChanged()
    await new Promise(setImmediate)
    ask()
  }
  const more = heap() - before
  console.log(`100 reloads add ${more.toFixed(1)} MB`)
  expect(more).toBeLessThan(60)
})
