/** Reads an Arrow stream in a separate process, which is killed if it takes too long. */
import { mkdtemp, rm } from 'node:fs/promises'
import path from 'node:path'
import type { ArrowFailure, ArrowRow } from '../../../encode/arrow-rows.ts'
import { GeoduckError } from '../../../model/errors.ts'
import type { Field } from '../../../model/layer.ts'
import { ChildProcess } from './child-process.ts'

export type ArrowMessage =
  | { readonly type: 'OPEN'; readonly columns: readonly Field[] }
  /** Null: the stream has ended. */
  | { readonly type: 'BYTES'; readonly bytes: Uint8Array | null }
  | { readonly type: 'NEXT' }

/** MORE: the program takes BYTES. ROWS: it takes NEXT. */
export type ArrowAnswer =
  | { readonly type: 'MORE' }
  | ArrowRowList
  | { readonly type: 'END' }
  | ({ readonly type: 'FAILED' } & ArrowFailure)

export interface ArrowRowList {
  readonly type: 'ROWS'
  readonly rows: readonly (ArrowRow | ArrowFailure)[]
  /** About the bytes of one row. */
  readonly rowBytes: number
}

/** Milliseconds for an answer. A thousand rows take some milliseconds, and the start of the process some hundred. */
const ANSWER_MS = 5_000

/** @throws GeoduckError for a stream that is refused; NoAnswer if the process ended or was late */
export async function* readArrow(
  next: () => Promise<Uint8Array | null>,
  columns: readonly Field[],
  tempDirectory: string,
): AsyncGenerator<ArrowRowList, void> {
  const folder = await mkdtemp(path.join(tempDirectory, 'geoduck-arrow-'))
  const child = new ChildProcess<ArrowMessage>({
    program: 'live/arrow-reader',
    threads: 1,
    tempDirectory: path.join(folder, 'reader'),
  })
  const ask = (message: ArrowMessage) => child.ask<ArrowAnswer>(message, ANSWER_MS)
  try {
    let answer = await ask({ type: 'OPEN', columns })
    while (answer.type !== 'END') {
      if (answer.type === 'FAILED') throw new GeoduckError(answer.code, answer.message)
      if (answer.type === 'ROWS') {
        yield answer
        answer = await ask({ type: 'NEXT' })
      } else answer = await ask({ type: 'BYTES', bytes: await next() })
    }
  } finally {
    await child.end()
    await rm(folder, { recursive: true, force: true })
  }
}
