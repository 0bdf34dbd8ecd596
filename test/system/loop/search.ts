/** Looks for the request that holds the server's event loop longest: everything at its limit first, then on from the worst. */
import type { Random } from '../../support/random.ts'
import { KINDS, type Kind } from './corpus.ts'
import type { ProbedServer } from './probed-server.ts'
import type { Request } from './request.ts'

export interface Found {
  readonly kind: Kind
  /** The index of the request within its kind. */
  readonly n: number
  readonly size: number
  readonly request: Request
  /** Milliseconds of processor time without a return to the event loop. */
  readonly held: number
  readonly answer: string
}

/** The number of retries of a request that holds it too long, because the collection of older garbage may be the cause. */
const AGAIN = 3
/** The number of requests that the search continues from. */
const WORST = 12

export interface SearchOptions {
  readonly server: ProbedServer
  readonly random: Random
  /** Send every request of the corpus over every wire; otherwise the first of each kind and a random sample of the others. */
  readonly whole: boolean
  /** Milliseconds of it after everything has been asked at its limit. */
  readonly climbMs: number
  /** Milliseconds of processor time that are too long. */
  readonly most: number
}

/** The worst of all, each once, worst first. */
export async function search(options: SearchOptions): Promise<readonly Found[]> {
  const { random, whole, climbMs } = options
  let found: Found[] = []
  for (const kind of KINDS) {
    for (const [n, request] of kind.make(1, random).entries()) {
      if (n === 0 || whole || random.chance(request.wire === 'http' ? 0.4 : 0.1))
        found.push(await weigh(options, kind, n, 1, request))
    }
  }
  const until = performance.now() + climbMs
  while (performance.now() < until) {
    found = sorted(found)
    const from = random.pick(found.slice(0, WORST))
    const size = random.chance(0.5) ? 1 : random.next()
    const request = from.kind.make(size, random)[from.n]
    if (request) found.push(await weigh(options, from.kind, from.n, size, request))
  }
  const best = new Map<string, Found>()
  for (const one of sorted(found)) if (!best.has(`${one.kind.name} ${one.n}`)) best.set(`${one.kind.name} ${one.n}`, one)
  return [...best.values()]
}

async function weigh({ server, most }: SearchOptions, kind: Kind, n: number, size: number, request: Request): Promise<Found> {
  let { longest: held, answer } = await server.cost(request)
  for (let times = 0; held > most && times < AGAIN; times++) held = Math.min(held, (await server.cost(request)).longest)
  return { kind, n, size, request, held, answer }
}

function sorted(found: readonly Found[]): Found[] {
  return [...found].sort((a, b) => b.held - a.held)
}
