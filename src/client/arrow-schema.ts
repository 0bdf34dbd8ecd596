const CONTINUATION = 0xffffffff

/**
 * Returns the schema message at the start of an Arrow IPC stream. Servers write the same bytes for the same columns. Null if
 * there is none.
 */
export function schemaMessage(arrow: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  if (arrow.length < 8) return null
  const view = new DataView(arrow.buffer, arrow.byteOffset, arrow.byteLength)
  const end = 8 + view.getUint32(4, true)
  return view.getUint32(0, true) === CONTINUATION && end <= arrow.length ? arrow.subarray(0, end) : null
}

export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, n) => byte === b[n])
}
