import type { GeometryBuilder } from './builder.ts'

const HEX = /^(?:[0-9A-Fa-f]{2})+$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Well-known binary as text. Its first byte is 0 or 1: in hexadecimal that begins with `0`, in base64 with `A`. */
export function wkbOfText(text: string, to: GeometryBuilder): Buffer {
  const encoding = text.startsWith('0') && HEX.test(text) ? 'hex' : text.startsWith('A') && BASE64.test(text) ? 'base64' : null
  if (!encoding) throw to.wrong('takes well-known binary in hexadecimal or base64')
  return Buffer.from(text, encoding)
}

/** Tiny well-known binary as text. What is hexadecimal digits is taken for that; as base64 it would be no TWKB that anyone writes. */
export function twkbOfText(text: string, to: GeometryBuilder): Buffer {
  const encoding = HEX.test(text) ? 'hex' : text !== '' && BASE64.test(text) ? 'base64' : null
  if (!encoding) throw to.wrong('takes tiny well-known binary in hexadecimal or base64')
  return Buffer.from(text, encoding)
}
