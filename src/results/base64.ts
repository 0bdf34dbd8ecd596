/** Bytes as a JSON string of base64, for the ways out that take no bytes. */
import type { Encoder } from './batch.ts'
import { BufferPair } from './buffer-pair.ts'

const QUOTE = 0x22
/** 0.2 ms for a batch of 170 KB, as fast as by tables and loops. */
export function asBase64(encode: Encoder): Encoder {
  const buffers = new BufferPair()
  return (batch, from, to) => {
    const { buffer, byteOffset, byteLength } = encode(batch, from, to)
    const text = Buffer.from(buffer, byteOffset, byteLength).toString('base64')
    const json = buffers.take(text.length + 2)
    json[0] = QUOTE
    Buffer.from(json.buffer, json.byteOffset).write(text, 1, 'latin1')
    json[json.length - 1] = QUOTE
    return json
  }
}
