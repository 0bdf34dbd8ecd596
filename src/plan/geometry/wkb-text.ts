import type { GeometryBuilder } from './builder.ts'
import { hasSrid, readWkb } from './wkb-reader.ts'

const HEX = /^(?:[0-9A-Fa-f]{2})+$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Well-known binary as text. Its first byte is 0 or 1: in hexadecimal that begins with `0`, in base64 with `A`. */
export function readWkbText(text: string, to: GeometryBuilder): void {
  const encoding = text.startsWith('0') && HEX.test(text) ? 'hex' : text.startsWith('A') && BASE64.test(text) ? 'base64' : null
  if (!encoding) throw to.wrong('takes well-known binary in hexadecimal or base64')
  const bytes = Buffer.from(text, encoding)
  if (hasSrid(bytes)) throw to.wrong('an SRID is not taken: say `crs` beside it, or leave both out for the layer’s CRS')
  readWkb(bytes, to)
}
