/** Writes selected members of a struct. The engine has written the whole struct as compact JSON, with all members in their order. */
import type { StructMember } from './batch.ts'
import { type ByteWriter, bytesOf, CHAR, columnOf, type Literal, literal } from './bytes.ts'
import { NULL } from './number.ts'
import { orNull, type ValueWriter } from './value.ts'

/** Writes a column of structs, or of lists of them. The bytes of members are copied, so they equal those in `properties`. */
export function structMembers(index: number, members: readonly StructMember[]): ValueWriter {
  const selection = selectionOf(members)
  return (batch, out) => {
    const data = columnOf(batch, index)
    const { bytes, offsets } = bytesOf(data)
    const reader = new StructReader(bytes, out)
    return orNull(data.validity, out, (row) => void reader.write(offsets[row]!, selection))
  }
}

interface Selection {
  readonly parts: readonly Part[]
  readonly end: Literal
}

/** A member of the struct after constant text. `inner` is the selection within the member. */
interface Part {
  readonly before: Literal
  readonly index: number
  readonly inner: Selection | null
}

function selectionOf(members: readonly StructMember[]): Selection {
  const parts: Part[] = []
  let text = '{'
  for (const [n, member] of members.entries()) {
    text += `${n === 0 ? '' : ','}${JSON.stringify(member.key)}:`
    if ('text' in member) text += JSON.stringify(member.text)
    else {
      parts.push({ before: literal(text), index: member.index, inner: member.members ? selectionOf(member.members) : null })
      text = ''
    }
  }
  return { parts, end: literal(`${text}}`) }
}

const OPEN_OBJECT = 0x7b

class StructReader {
  readonly #bytes: Uint8Array
  readonly #out: ByteWriter

  constructor(bytes: Uint8Array, out: ByteWriter) {
    this.#bytes = bytes
    this.#out = out
  }

  /** Writes the selection of the value at `at`. Returns the position after the value. */
  write(at: number, selection: Selection): number {
    const [bytes, out] = [this.#bytes, this.#out]
    if (bytes[at] === CHAR.OPEN) return this.#list(at, selection)
    if (bytes[at] !== OPEN_OBJECT) {
      // A struct in a list or in a struct may be null.
      out.literal(NULL)
      return at + NULL.length
    }
    const { starts, end } = this.#members(at)
    for (const { before, index, inner } of selection.parts) {
      out.literal(before)
      const start = starts[index]
      if (start === undefined) throw new TypeError(`a struct has no member ${index}`)
      if (inner) this.write(start, inner)
      else out.append(bytes, start, this.#after(start))
    }
    out.literal(selection.end)
    return end
  }

  #list(from: number, selection: Selection): number {
    const [bytes, out] = [this.#bytes, this.#out]
    let at = from + 1
    out.byte(CHAR.OPEN)
    while (bytes[at] !== CHAR.CLOSE) {
      if (bytes[at] === CHAR.COMMA) out.byte(bytes[at++]!)
      at = this.write(at, selection)
    }
    out.byte(CHAR.CLOSE)
    return at + 1
  }

  /** The positions of the values of an object's members, and the position after the object. */
  #members(from: number): { readonly starts: readonly number[]; readonly end: number } {
    const bytes = this.#bytes
    const starts: number[] = []
    let at = from + 1
    while (bytes[at] !== CHAR.CLOSE_OBJECT) {
      if (bytes[at] === CHAR.COMMA) at++
      at = this.#after(at) + 1
      starts.push(at)
      at = this.#after(at)
    }
    return { starts, end: at + 1 }
  }

  /** The position after the value at `at`. */
  #after(from: number): number {
    const bytes = this.#bytes
    let depth = 0
    for (let at = from; at < bytes.length; at++) {
      switch (bytes[at]) {
        case CHAR.QUOTE:
          for (at++; bytes[at] !== CHAR.QUOTE; at++) if (bytes[at] === CHAR.BACKSLASH) at++
          if (depth === 0) return at + 1
          break
        case CHAR.OPEN:
        case OPEN_OBJECT:
          depth++
          break
        case CHAR.CLOSE:
        case CHAR.CLOSE_OBJECT:
          // The end of the parent is the end of a number or a word before it.
          if (depth === 0) return at
          if (--depth === 0) return at + 1
          break
        case CHAR.COMMA:
          if (depth === 0) return at
      }
    }
    throw new TypeError('a struct ends within a value')
  }
}
