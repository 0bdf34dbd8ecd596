interface Base64Constructor {
  readonly fromBase64?: (text: string) => Uint8Array<ArrayBuffer>
}

/** Uses the platform if it can: browsers of 2025 and Node 25. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const { fromBase64: native } = Uint8Array as Base64Constructor
  return native ? native.call(Uint8Array, text) : fromBinary(atob(text))
}

function fromBinary(binary: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i)
  return bytes
}
