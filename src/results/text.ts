import type { Encoder } from './batch.ts'
import { ByteWriter, CHAR, literal } from './bytes.ts'
import { EncodingError } from './error.ts'
import type { ValueWriter } from './value.ts'

/**
 * An encoder of one JSON value a row with commas between, in a frame, whose end may depend on the rows. It writes every batch into the same buffer. A row that cannot be
 * written throws EncodingError, and nothing is given.
 */
export function textEncoder(opening: string, value: ValueWriter, closing: string | ((out: ByteWriter) => void)): Encoder {
  const out = new ByteWriter()
  const open = literal(opening)
  const close = typeof closing === 'string' ? literal(closing) : null
  return (batch, from, to) => {
    out.length = 0
    out.literal(open)
    const write = value(batch, out)
    let row = from
    try {
      for (; row < to; row++) {
        if (row > from) out.byte(CHAR.COMMA)
        write(row)
      }
    } catch (cause) {
      throw new EncodingError(row, cause)
    }
    if (close) out.literal(close)
    else if (typeof closing === 'function') closing(out)
    return out.written()
  }
}
