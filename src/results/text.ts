import type { Encoder } from './batch.ts'
import { ByteWriter, CHAR, literal } from './bytes.ts'
import { EncodingError } from './error.ts'
import type { ValueWriter } from './value.ts'

/**
 * An encoder of one JSON value a row with commas between, in a frame. It writes every batch into the same buffer. A row that cannot be
 * written throws EncodingError, and nothing is given.
 */
export function textEncoder(opening: string, value: ValueWriter, closing: string): Encoder {
  const out = new ByteWriter()
  const open = literal(opening)
  const close = literal(closing)
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
    out.literal(close)
    return out.written()
  }
}
