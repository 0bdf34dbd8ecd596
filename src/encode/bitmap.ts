/** Arrow's bitmaps: bit i of byte i >> 3, least significant first. */

export function isSet(bits: Uint8Array, i: number): boolean {
  return ((bits[i >> 3]! >> (i & 7)) & 1) === 1
}

/** Bits [from, to) as a bitmap that begins at bit 0; bits behind the last are 0. Whole bytes at a time. */
export function sliceBits(bits: Uint8Array, from: number, to: number): Uint8Array {
  const sliced = new Uint8Array((to - from + 7) >> 3)
  const shift = from & 7
  const first = from >> 3
  for (let i = 0; i < sliced.length; i++) {
    const low = bits[first + i]! >> shift
    const high = shift === 0 ? 0 : (bits[first + i + 1] ?? 0) << (8 - shift)
    sliced[i] = low | high
  }
  clearBehind(sliced, to - from)
  return sliced
}

function clearBehind(bits: Uint8Array, length: number): void {
  if ((length & 7) !== 0) bits[length >> 3] = bits[length >> 3]! & ((1 << (length & 7)) - 1)
}

/** Copies `count` bits of `source` from bit `from` on to bit `at` of `target`, whose bits there are 0. A byte a step. */
export function copyBits(target: Uint8Array, at: number, source: Uint8Array, from: number, count: number): void {
  const sliced = sliceBits(source, from, from + count)
  const shift = at & 7
  const first = at >> 3
  for (let i = 0; i < sliced.length; i++) {
    const byte = sliced[i]!
    target[first + i] = target[first + i]! | (byte << shift)
    if (shift !== 0 && first + i + 1 < target.length) target[first + i + 1] = byte >> (8 - shift)
  }
}

/** Sets `count` bits from bit `at` on. */
export function setBits(target: Uint8Array, at: number, count: number): void {
  const end = at + count
  for (let i = at; i < end; ) {
    if ((i & 7) === 0 && end - i >= 8) {
      target[i >> 3] = 0xff
      i += 8
    } else {
      target[i >> 3] = target[i >> 3]! | (1 << (i & 7))
      i++
    }
  }
}

/** Bytes of 0 and 1, [from, to), as a bitmap. */
export function packBits(values: Uint8Array, from: number, to: number): Uint8Array {
  const packed = new Uint8Array((to - from + 7) >> 3)
  for (let i = from; i < to; i++) {
    const bit = i - from
    packed[bit >> 3] = packed[bit >> 3]! | (values[i]! << (bit & 7))
  }
  return packed
}

/** How many of the first `length` bits are 0; bits behind them must be 0. */
export function countUnset(bits: Uint8Array, length: number): number {
  let set = 0
  for (let i = 0; i < bits.length; i++) {
    for (let byte = bits[i]!; byte !== 0; byte &= byte - 1) set++
  }
  return length - set
}
