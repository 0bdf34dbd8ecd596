/** The stays of objects in fences, for DWELL. They follow from the changes alone, so that a client that continues has those that it had. */
import type { Stay, StaysPosition } from '../ask/change-token.ts'
import { join } from '../delivery/raw-json.ts'
import type { Page } from '../engines/engine.ts'
import { GeoduckError } from '../model/errors.ts'

/** Most stays that have not dwelt yet. */
const MOST_STAYS = 20_000
/** Most characters of the stays in a token. */
const MOST_CHARACTERS = 3_000

/** An event in the last output of a page. */
interface Followed {
  readonly detect: string
  readonly object: string
  readonly fence: string | null
  readonly version: string
  readonly stay: 'ENTER' | 'STAY' | 'EXIT'
  readonly time: number | null
}

export class Stays {
  readonly #seconds: number
  /** The stays that have not dwelt yet, the oldest first. */
  readonly #stays = new Map<string, Stay>()

  constructor(seconds: number, known: readonly Stay[]) {
    this.#seconds = seconds
    for (const stay of known) this.#stays.set(nameOf(stay), stay)
  }

  /** Follows the events of a page. Returns the page without the changes that are no events. */
  choose(page: Page): Page {
    const chosen = this.follow(page)
    const outputs = page.outputs.map((pieces) => {
      const events = elementsOf(join(pieces))
      return [
        Buffer.from(
          `[${events
            .filter((_, n) => chosen[n])
            .map((event) => event.toString())
            .join(',')}]`,
        ),
      ]
    })
    return { ...page, count: chosen.filter(Boolean).length, outputs }
  }

  /** Follows the first events of a page. Returns for each whether the client gets it. */
  follow(page: Page, most = page.count): readonly boolean[] {
    const events = JSON.parse(join(page.outputs.at(-1)!).toString()) as readonly Followed[]
    return events.slice(0, most).map((event) => event.detect !== 'DWELL' || this.#dwells(event))
  }

  #dwells({ stay, time, version, object, fence }: Followed): boolean {
    const name = nameOf({ object, fence })
    const begun = this.#stays.get(name)
    if (stay === 'ENTER') {
      this.#stays.set(name, { object, fence, version: Number(version), time })
      if (this.#stays.size > MOST_STAYS)
        throw new GeoduckError('LIMIT_EXCEEDED', `More than ${MOST_STAYS} objects wait for DWELL; detect it in fewer fences.`)
      return false
    }
    if (!begun) return false
    if (stay === 'STAY' && begun.time === null) this.#stays.set(name, { ...begun, time })
    const dwells = stay === 'STAY' && time !== null && begun.time !== null && time - begun.time >= this.#seconds
    if (dwells || stay === 'EXIT') this.#stays.delete(name)
    return dwells
  }

  get position(): StaysPosition {
    const known: Stay[] = []
    let left = MOST_CHARACTERS
    for (const stay of this.#stays.values()) {
      left -= JSON.stringify(stay).length
      if (left < 0) return { known, since: stay.version - 1 }
      known.push(stay)
    }
    return { known }
  }
}

const nameOf = ({ object, fence }: Pick<Stay, 'object' | 'fence'>): string => JSON.stringify([object, fence])

/** The elements of a JSON list of objects, as they are written. */
function elementsOf(list: Buffer): readonly Buffer[] {
  const elements: Buffer[] = []
  let [depth, begin, isText] = [0, 0, false]
  for (let at = 0; at < list.length; at++) {
    const byte = list[at]
    if (isText) {
      if (byte === BACKSLASH) at++
      else if (byte === QUOTE) isText = false
    } else if (byte === QUOTE) isText = true
    else if (byte === OPEN && depth++ === 0) begin = at
    else if (byte === CLOSE && --depth === 0) elements.push(list.subarray(begin, at + 1))
  }
  return elements
}

const [QUOTE, BACKSLASH, OPEN, CLOSE] = [...Buffer.from('"\\{}')]
