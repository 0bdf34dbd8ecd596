import type { GeometryBuilder } from './builder.ts'

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

/** Well-known binary as text. Its first byte is 0 or 1: in hexadecimal that begins with `0`, in base64 with `A`. */
export function wkbOfText(text: string, to: GeometryBuilder): Buffer {
  const bytes = text.startsWith('0') ? fromHex(text) : text.startsWith('A') ? fromBase64(text) : null
  if (!bytes) throw to.wrong('takes well-known binary in hexadecimal or base64')
  return bytes
}

/** Tiny well-known binary as text. What is hexadecimal digits is taken for that; as base64 it would be no TWKB that anyone writes. */
export function twkbOfText(text: string, to: GeometryBuilder): Buffer {
  const bytes = text === '' ? null : (fromHex(text) ?? fromBase64(text))
  if (!bytes) throw to.wrong('takes tiny well-known binary in hexadecimal or base64')
  return bytes
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
