/**
 * A table of FlatBuffers. Every offset is proven when it is followed, so a corrupt file gives an error. https://flatbuffers.dev/internals/
 */
export class FlatTable {
  readonly #bytes: Buffer
  readonly #at: number
  readonly #fields: number

  private constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes
    this.#at = at
    this.#fields = at - bytes.readInt32LE(at)
    // The list of fields has its own length and that of the table before them. Zeros in a corrupt file are no table without fields.
    if (bytes.readUInt16LE(this.#fields) < 4) throw new RangeError('a table has no list of fields')
  }

  /** @throws RangeError here and below, for offsets outside the bytes */
  static root(bytes: Buffer): FlatTable {
    return new FlatTable(bytes, follow(bytes, 0))
  }

  uint8(field: number, otherwise: number): number {
    const at = this.#place(field)
    return at === 0 ? otherwise : this.#bytes.readUInt8(at)
  }

  uint16(field: number, otherwise: number): number {
    const at = this.#place(field)
    return at === 0 ? otherwise : this.#bytes.readUInt16LE(at)
  }

  /** 0 if the table does not have the field. */
  int32(field: number): number {
    const at = this.#place(field)
    return at === 0 ? 0 : this.#bytes.readInt32LE(at)
  }

  /** 0 if the table does not have the field. */
  uint64(field: number): bigint {
    const at = this.#place(field)
    return at === 0 ? 0n : this.#bytes.readBigUInt64LE(at)
  }

  text(field: number): string | null {
    const list = this.#list(field, 1)
    return list && this.#bytes.toString('utf8', list.at, list.at + list.length)
  }

  table(field: number): FlatTable | null {
    const at = this.#place(field)
    return at === 0 ? null : new FlatTable(this.#bytes, follow(this.#bytes, at))
  }

  tables(field: number): FlatTable[] {
    const list = this.#list(field, 4)
    return Array.from({ length: list?.length ?? 0 }, (_, n) => {
      const at = list!.at + 4 * n
      return new FlatTable(this.#bytes, follow(this.#bytes, at))
    })
  }

  bytes(field: number): Buffer {
    const list = this.#list(field, 1)
    return list ? this.#bytes.subarray(list.at, list.at + list.length) : Buffer.alloc(0)
  }

  uint32s(field: number): number[] {
    const list = this.#list(field, 4)
    return Array.from({ length: list?.length ?? 0 }, (_, n) => this.#bytes.readUInt32LE(list!.at + 4 * n))
  }

  /** Returns the number of items of a list. 0 if the table does not have it. */
  lengthOf(field: number, itemBytes: number): number {
    return this.#list(field, itemBytes)?.length ?? 0
  }

  /** Returns an item of a list of doubles. */
  double(field: number, index: number): number {
    const list = this.#list(field, 8)
    if (!list || index >= list.length) throw new RangeError('a list ends too early')
    return this.#bytes.readDoubleLE(list.at + 8 * index)
  }

  /** 0 if the table does not have the field. */
  #place(field: number): number {
    const entry = 4 + 2 * field
    if (this.#bytes.readUInt16LE(this.#fields) <= entry) return 0
    const offset = this.#bytes.readUInt16LE(this.#fields + entry)
    return offset === 0 ? 0 : this.#at + offset
  }

  #list(field: number, itemBytes: number): { readonly at: number; readonly length: number } | null {
    const place = this.#place(field)
    if (place === 0) return null
    const start = follow(this.#bytes, place)
    const length = this.#bytes.readUInt32LE(start)
    if (start + 4 + length * itemBytes > this.#bytes.length) throw new RangeError('a list leads out of its table')
    return { at: start + 4, length }
  }
}

/** Returns where the offset at a place leads. 0 would lead to the offset itself: it is a zero in a corrupt file, and no empty list. */
function follow(bytes: Buffer, place: number): number {
  const offset = bytes.readUInt32LE(place)
  if (offset === 0) throw new RangeError('an offset leads to itself')
  return place + offset
}
