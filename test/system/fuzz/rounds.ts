import { Engine } from '../../support/plan/engine.ts'
import { readBytes } from '../../support/plan/geometry.ts'
import { Random } from '../../support/random.ts'
import { evaluated } from './evaluated.ts'
import { type Attempt, NOTATIONS } from './mutations.ts'
import { validWkb } from './valid.ts'

/** The largest of these texts has 300 characters: on the busiest machine what takes so long hangs. */
const HANGS_MS = 10_000
/** The rounds of the engine, and of shapely. */
const ROUND = 10_000

/** Throws, with what was given, at the first that is a defect. */
export async function readDamaged(count: number): Promise<void> {
  const engine = await Engine.open(1)
  const random = new Random()
  let slowest = 0
  for (const [notation, make] of Object.entries(NOTATIONS)) {
    const share = Math.ceil(count / Object.keys(NOTATIONS).length)
    let took = 0
    for (let done = 0; done < share; ) {
      const attempts: Attempt[] = []
      for (; attempts.length < ROUND && done < share; done++) {
        const startedAt = performance.now()
        attempts.push(make(random))
        slowest = Math.max(slowest, performance.now() - startedAt)
        if (slowest > HANGS_MS) throw new Error(`${notation} ${attempts.at(-1)!.given} took ${slowest} ms`)
      }
      const taken = attempts.flatMap(({ taken: geometry }) => geometry ?? [])
      took += await evaluated(engine, taken)
    }
    process.stdout.write(
      `${notation}: ${share} damaged, ${took} taken, the others refused; the slowest so far ${slowest.toFixed(1)} ms\n`,
    )
  }
  engine.close()
}

/** Throws at the first that is refused. */
export async function readValid(count: number, seed: number): Promise<void> {
  for (let done = 0; done < count; done += ROUND) {
    for (const hex of await validWkb(seed + done, Math.min(ROUND, count - done))) {
      try {
        readBytes(Buffer.from(hex, 'hex'))
      } catch (error) {
        throw new Error(`${hex} was refused`, { cause: error })
      }
    }
  }
  process.stdout.write(`WKB: ${count} valid, all taken\n`)
}
