const CONTINUATION = 0xffffffff

/** The schema message that an Arrow IPC stream begins with; servers write the same for the same columns, to the byte. Null: it has none. */
export function schemaMessage(arrow: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  if (arrow.length < 8) return null
  const view = new DataView(arrow.buffer, arrow.byteOffset, arrow.byteLength)
  const end = 8 + view.getUint32(4, true)
  return view.getUint32(0, true) === CONTINUATION && end <= arrow.length ? arrow.subarray(0, end) : null
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n])
}
