import type { Encoder } from './batch.ts'
import { type ByteWriter, literal } from './bytes.ts'
import { EncodingError } from './error.ts'
import type { ValueWriter } from './value.ts'

/** What stands before, between and behind the values of a batch. */
export interface FixedFrame {
  readonly opening: string
  readonly between: string
  readonly closing: string
}

/** The end may depend on the rows. */
export type Frame = Omit<FixedFrame, 'closing'> & { readonly closing: string | ((out: ByteWriter) => void) }

/**
 * An encoder of one JSON value a row, in a frame. It writes every batch into `out`, from its beginning. A row that cannot be
 * written throws EncodingError, and nothing is given.
 */
export function textEncoder({ opening, between, closing }: Frame, value: ValueWriter, out: ByteWriter): Encoder {
  const open = literal(opening)
  const separator = literal(between)
  const close = typeof closing === 'string' ? literal(closing) : null
  return (batch, from, to) => {
    out.length = 0
    out.literal(open)
    const write = value(batch, out)
    let row = from
    try {
      for (; row < to; row++) {
        if (row > from) out.literal(separator)
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
