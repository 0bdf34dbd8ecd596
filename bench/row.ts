/** One line of the table: what is run in turn, and which figures come of it. */
import type { Sample } from './child.ts'
import type { Rig } from './rig.ts'

export interface Row {
  /** For `--rows`. */
  readonly id: string
  readonly title: string
  /** Run in turn, A B A B, so that a change of the machine's mood meets all of them. */
  readonly arms: Readonly<Record<string, Arm>>
  readonly figures: readonly Figure[]
  /** Only run when it is named. */
  readonly onlyIfNamed?: boolean
  /** Runs of each side, unless the command line has their number. A small difference needs many. */
  readonly runs?: number
}

/** One side of a comparison. */
export interface Arm {
  readonly needs?: 'python' | 'postgres' | 'caddy'
  /** One run that counts: the figure's keys and their values. */
  run(rig: Rig): Promise<Sample>
}

export interface Figure {
  readonly label: string
  /** The median of the arm's samples. */
  readonly key: string
  readonly unit: string
  readonly arm: string
  /**
   * The other side: the figure is a ratio. Of several rivals, the ratio to the best counts. Without it, the figure is the median itself,
   * or its growth from the first run to the last.
   */
  readonly against?: string | readonly string[]
  readonly growth?: boolean
  readonly better: 'higher' | 'lower'
  /** Missing it fails the bench; null: only reported. */
  readonly threshold: number | null
  readonly goal: number | null
}
