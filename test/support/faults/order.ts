/** Orders of tests to workers: a file that the first worker for which it is due removes. */
import { randomUUID } from 'node:crypto'
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export type Fault =
  | 'EXIT'
  | 'THROW'
  | 'LATE_THROW'
  | 'REJECTION'
  | 'HEAP'
  | 'SIGKILL'
  | 'SIGSEGV'
  | 'HANG'
  | 'FATAL'
  | 'INTERRUPT'
  | 'SILENT_END'
  | 'CHANNEL'
  | 'SOCKET'
  | 'ENCODER'
  | 'SLOW'
  | 'HOLD'
  | 'SPIN'

export interface Order {
  readonly fault: Fault
  /** The chunk of an execution, or the encoding, counted from 1; EACH: every one of them. */
  readonly at: number | 'EACH'
  /** Only of an execution that has this among its values. */
  readonly of?: string
  /** Not removed: every worker that finds it executes it, until it is withdrawn. @default false */
  readonly lasting?: boolean
}

/** Milliseconds per chunk under SLOW. */
export const SLOW_MS = 100
/** Milliseconds for which SPIN blocks the main thread. */
export const SPIN_MS = 5_000
/** Added to the path of an order: the values of an execution that is held, separated by commas. */
const HELD = '.held'

/** The file that stands for an execution under HOLD as long as that is held. */
export const heldFile = (file: string, values: string): string => `${file}${HELD}${values}`

export class Orders {
  /** The path of the order. Another process gives it to its workers. */
  readonly file: string

  constructor(file = join(tmpdir(), `geoduck-order-${randomUUID()}`)) {
    this.file = file
  }

  /** For the workers' Node. A small heap is exhausted sooner. */
  get execArgv(): string[] {
    const inside = pathToFileURL(join(import.meta.dirname, 'inside.ts'))
    inside.searchParams.set('order', this.file)
    return ['--max-old-space-size=128', '--import', inside.href]
  }

  give(order: Order): void {
    // Workers look at it meanwhile: it is there as a whole, or not at all.
    writeFileSync(`${this.file}.new`, JSON.stringify(order))
    renameSync(`${this.file}.new`, this.file)
  }

  /** True if the order was executed. Otherwise it is withdrawn, and a held execution continues. */
  end(): boolean {
    const taken = !existsSync(this.file)
    rmSync(this.file, { force: true })
    for (const values of this.held()) this.release(values)
    return taken
  }

  /** The values of executions that are held now. */
  held(): string[] {
    const prefix = heldFile(this.file, '')
    const files = readdirSync(tmpdir()).map((name) => join(tmpdir(), name))
    return files.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  }

  /** Lets a held execution continue. */
  release(values: string): void {
    rmSync(heldFile(this.file, values), { force: true })
  }
}
