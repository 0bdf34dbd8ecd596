/** Text is built here as UTF-8 bytes: no JavaScript string of a feature ever exists. */

/** ASCII codes that the writers put one by one. */
export const CHAR = {
  QUOTE: 0x22,
  PLUS: 0x2b,
  COMMA: 0x2c,
  MINUS: 0x2d,
  POINT: 0x2e,
  ZERO: 0x30,
  COLON: 0x3a,
  OPEN: 0x5b,
  BACKSLASH: 0x5c,
  CLOSE: 0x5d,
  CLOSE_OBJECT: 0x7d,
  SPACE: 0x20,
  NEWLINE: 0x0a,
  RETURN: 0x0d,
  OPEN_PAREN: 0x28,
  CLOSE_PAREN: 0x29,
  T: 0x54,
  Z: 0x5a,
} as const

/**
 * Fixed text, eight bytes at a time in the shape of doubles: a store each, a third of what `Uint8Array.set` costs on such lengths.
 * No UTF-8 text has the bits of a NaN, which alone might change on the way. Little endian, as every machine that the engine runs on.
 */
export interface Literal {
  readonly words: Float64Array
  readonly length: number
}

const utf8 = new TextEncoder()

export function literal(text: string): Literal {
  const bytes = utf8.encode(text)
  const words = new Float64Array(Math.ceil(bytes.length / 8))
  new Uint8Array(words.buffer).set(bytes)
  return { words, length: bytes.length }
}

/** Groups of digits and words of literals are stored whole: a store may reach this far behind the last byte that counts. */
const OVERRUN = 8

/**
 * A buffer that grows by doubling and is used again for every batch. The `put...` functions of the other files, which take a
 * place in `view` and return the next one, do not check: who calls them reserves first.
 */
export class ByteWriter {
  view: DataView<ArrayBuffer>
  length = 0
  private bytes: Uint8Array<ArrayBuffer>

  constructor(capacity = 1 << 16) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  /** Bytes that it takes, whether they are written or not. */
  get capacity(): number {
    return this.bytes.length
  }

  /** Makes room for `size` bytes more; `view` may be another one afterwards. */
  reserve(size: number): void {
    if (this.length + size + OVERRUN > this.bytes.length) this.grow(this.length + size + OVERRUN)
  }

  private grow(needed: number): void {
    const larger = new Uint8Array(Math.max(needed, 2 * this.bytes.length))
    larger.set(this.bytes.subarray(0, this.length))
    this.bytes = larger
    this.view = new DataView(larger.buffer)
  }

  byte(value: number): void {
    this.reserve(1)
    this.view.setUint8(this.length++, value)
  }

  literal({ words, length }: Literal): void {
    this.reserve(length)
    const { view, length: at } = this
    for (let i = 0; i < words.length; i++) view.setFloat64(at + 8 * i, words[i]!, true)
    this.length = at + length
  }

  ascii(text: string): void {
    for (let i = 0; i < text.length; i++) this.byte(text.charCodeAt(i))
  }

  /** Copies bytes as they are. */
  append(source: Uint8Array, from: number, to: number): void {
    this.reserve(to - from)
    this.bytes.set(source.subarray(from, to), this.length)
    this.length += to - from
  }

  /** Puts a blank for every `byte` from `from` on. */
  blank(byte: number, from: number): void {
    const written = this.written()
    for (let at = written.indexOf(byte, from); at >= 0; at = written.indexOf(byte, at + 1)) written[at] = CHAR.SPACE
  }

  /** What has been written, as a view: the next text takes its place. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length)
  }
}
