import type { GeometryBuilder } from './builder.ts'
import { hasSrid, readWkb } from './wkb-reader.ts'

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** Well-known binary as text. Its first byte is 0 or 1: in hexadecimal that begins with `0`, in base64 with `A`. */
export function readWkbText(text: string, to: GeometryBuilder): void {
  const bytes = text.startsWith('0') ? fromHex(text) : text.startsWith('A') ? fromBase64(text) : null
  if (!bytes) throw to.wrong('takes well-known binary in hexadecimal or base64')
  if (hasSrid(bytes)) throw to.wrong('an SRID is not taken: say `crs` beside it, or leave both out for the layer’s CRS')
  readWkb(bytes, to)
}

/** Node stops at the first character that is none. */
function fromHex(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'hex')
  return bytes.length * 2 === text.length ? bytes : null
}

/** Node leaves out what is none. */
function fromBase64(text: string): Buffer | null {
  return text.length % 4 === 0 && BASE64.test(text) ? Buffer.from(text, 'base64') : null
}
