/**
 * The program that reads the Arrow stream of an upload. The reader of the format believes every number in the metadata: 600 bytes can make it count
 * for hours, or end its process.
 */
import { arrowRows } from '../../../../encode/arrow-rows.ts'
import { GeoduckError } from '../../../../model/errors.ts'
import type { ArrowAnswer, ArrowMessage } from '../../host/arrow-reader.ts'
import { answerWith } from '../answer.ts'

/** Rows and bytes of one answer. */
const AT_ONCE = { rows: 1_000, bytes: 1e6 } as const

let answer: (value: ArrowAnswer) => void = () => {}
let give: (bytes: Uint8Array | null) => void = () => {}

answerWith<ArrowMessage>(
  async (message) => {
    const answered = Promise.withResolvers<ArrowAnswer>()
    answer = answered.resolve
    if (message.type === 'OPEN') void read(message.columns)
    else give(message.type === 'BYTES' ? message.bytes : null)
    return await answered.promise
  },
  (error) => {
    throw error
  },
)

function ask(value: ArrowAnswer): Promise<Uint8Array | null> {
  answer(value)
  return new Promise((resolve) => {
    give = resolve
  })
}

async function read(columns: Extract<ArrowMessage, { type: 'OPEN' }>['columns']): Promise<void> {
  try {
    for await (const batch of arrowRows(() => ask({ type: 'MORE' }), columns)) {
      const { count, rowBytes } = batch
      const most = Math.max(1, Math.min(AT_ONCE.rows, Math.floor(AT_ONCE.bytes / rowBytes)))
      for (let from = 0; from < count; from += most) {
        const rows = Array.from({ length: Math.min(most, count - from) }, (_, n) => batch.read(from + n))
        await ask({ type: 'ROWS', rows, rowBytes })
      }
    }
    answer({ type: 'END' })
  } catch (error) {
    if (!(error instanceof GeoduckError)) throw error
    answer({ type: 'FAILED', code: error.code, message: error.message })
  }
}
