import { type ByteWriter, CHAR } from './bytes.ts'
import { putPair } from './digits.ts'

const LETTERS: Readonly<Record<string, string>> = {
  '"': '"',
  '\\': '\\',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\f': 'f',
  '\r': 'r',
}
const CONTROL = 0x75

/** What follows the backslash for each byte that a JSON string cannot hold: a letter, `u` where none is its own; 0 for all others. */
const ESCAPES = new Uint8Array(256).fill(CONTROL, 0, 0x20)
for (const [character, letter] of Object.entries(LETTERS)) ESCAPES[character.charCodeAt(0)] = letter.charCodeAt(0)
const LONGEST_ESCAPE = 6

/** UTF-8 text as a JSON string: copied as it is, four bytes at a time, as long as nothing wants escaping. The engine gives no invalid UTF-8. */
export function writeJsonString(out: ByteWriter, source: DataView, from: number, to: number): void {
  out.reserve(to - from + 2)
  const { view } = out
  let at = out.length
  view.setUint8(at++, CHAR.QUOTE)
  let i = from
  for (; i + 4 <= to; i += 4) {
    const word = source.getInt32(i, true)
    if (wantsEscape(word)) break
    view.setInt32(at, word, true)
    at += 4
  }
  for (; i < to; i++) {
    const byte = source.getUint8(i)
    if (ESCAPES[byte] !== 0) break
    view.setUint8(at++, byte)
  }
  out.length = at
  if (i < to) writeEscaped(out, source, i, to)
  out.byte(CHAR.QUOTE)
}

/** Whether one of four bytes is below 0x20, a quote or a backslash: each difference borrows into the top bit of such a byte. */
function wantsEscape(word: number): boolean {
  const control = word - 0x20202020
  const quote = (word ^ 0x22222222) - 0x01010101
  const backslash = (word ^ 0x5c5c5c5c) - 0x01010101
  return ((control | quote | backslash) & ~word & 0x80808080) !== 0
}

/** The rest of a string, from its first byte that wants escaping on. */
function writeEscaped(out: ByteWriter, source: DataView, from: number, to: number): void {
  out.reserve(LONGEST_ESCAPE * (to - from))
  for (let i = from; i < to; i++) {
    const byte = source.getUint8(i)
    const letter = ESCAPES[byte]!
    if (letter === 0) {
      out.byte(byte)
      continue
    }
    out.byte(CHAR.BACKSLASH)
    out.byte(letter)
    if (letter === CONTROL) writeControl(out, byte)
  }
}

/** 00XX: only control characters without a letter of their own get here, and their second digit is hexadecimal. */
function writeControl(out: ByteWriter, byte: number): void {
  out.length = putPair(out.view, out.length, 0)
  out.byte(CHAR.ZERO + (byte >> 4))
  out.byte('0123456789abcdef'.charCodeAt(byte & 15))
}

/** Bytes as a JSON string of base64. */
export function writeBase64(out: ByteWriter, bytes: Uint8Array, from: number, to: number): void {
  out.byte(CHAR.QUOTE)
  out.ascii(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('base64'))
  out.byte(CHAR.QUOTE)
}
