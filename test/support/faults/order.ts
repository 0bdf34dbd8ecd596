/** What tests tell workers to do, and how: a file that the first worker to whom it falls due takes away. */
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
  /** Not taken away: whoever meets it carries it out, until it is withdrawn. @default false */
  readonly lasting?: boolean
}

/** Of each chunk under SLOW. */
export const SLOW_MS = 100
/** How long the main thread is held up under SPIN. */
export const SPIN_MS = 5_000
/** Behind an order's own path: the values of an execution that is held, each between commas. */
const HELD = '.held'

/** The file that stands for an execution under HOLD as long as that is held. */
export const heldFile = (file: string, values: string): string => `${file}${HELD}${values}`

export class Orders {
  /** Where orders are left; another process gives them to its workers by the same path. */
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

  /** Whether the order was carried out; it is withdrawn otherwise, and what is held goes on. */
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

  /** What is held goes on. */
  release(values: string): void {
    rmSync(heldFile(this.file, values), { force: true })
  }
}
