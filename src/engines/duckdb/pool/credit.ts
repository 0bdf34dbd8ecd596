import type { Holding } from '../../holding.ts'
import type { Turn } from './turn.ts'

/** One batch on its way to the client, one behind it. A first turn while others wait is for one: they have had nothing. */
const MOST_BATCHES = 2

/** How many batches of a turn may be under way or lie ready for the client. */
export class Credit {
  readonly #holding: Holding
  #most = MOST_BATCHES

  constructor(holding: Holding) {
    this.#holding = holding
  }

  /** What a turn begins with. */
  begin(isShort: boolean): number {
    this.#most = isShort ? 1 : MOST_BATCHES
    return this.#most
  }

  /** For one batch that the client asks for, and one behind it where there is room. `ready`: batches that lie in memory. */
  pay(turn: Turn, ready: number): void {
    const most = this.#holding.hasRoom ? this.#most : 1
    while (turn.credits + ready < most) turn.credit()
  }
}
