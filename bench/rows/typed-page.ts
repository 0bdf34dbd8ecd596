import { ask, countIn } from '../client/http.ts'
import { cpuMs } from '../process-usage.ts'
import type { Rig } from '../rig.ts'
import type { Arm, Row } from '../row.ts'

/** Features of each page, and pages of each run. */
const [FIRST, PAGES] = [1_000, 10]

/** Processor time of a page: of the server, of its workers, and of both. */
function arm(query: string): Arm {
  return {
    run: async ({ server }) => {
      const pids = (await server.workers()).map(({ pid }) => pid)
      const before = await usage(server, pids)
      for (let page = 0; page < PAGES; page++) {
        const count = countIn(await ask(`${server.url}/graphql`, query))
        if (count !== FIRST) throw new Error(`${count} features instead of ${FIRST}`)
      }
      const after = await usage(server, pids)
      const [serverMs, workersMs] = after.map((ms, n) => (ms - before[n]!) / PAGES) as [number, number]
      return { serverMs, workersMs, cpuMs: serverMs + workersMs }
    },
  }
}

export async function usage({ pid }: Rig['server'], workers: readonly number[]): Promise<number[]> {
  const times = await Promise.all(workers.map(cpuMs))
  return [await cpuMs(pid), times.reduce((sum, ms) => sum + ms, 0)]
}

const columns = '["id", "name", "class", "height", "levels", "built_year"]'

/** The same columns of the same features: as fields of the layer's type, and as `properties`. */
export const TYPED_PAGE: Row = {
  id: 'typed-page',
  title: `A page of ${FIRST} buildings over HTTP`,
  runs: 40,
  arms: {
    typed: arm(`{ buildings(first: ${FIRST}) { count features { id_ name class height levels builtYear } } }`),
    generic: arm(`{ features(layer: "buildings", first: ${FIRST}) { count features { properties(only: ${columns}) } } }`),
  },
  figures: [
    {
      label: 'processor time with typed fields against properties(only:)',
      key: 'cpuMs',
      unit: 'ms',
      arm: 'typed',
      against: 'generic',
      better: 'lower',
      threshold: 1.05,
      goal: null,
    },
  ],
}
