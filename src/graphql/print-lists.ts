/** Long lists of a result as JSON, made item by item: a thousand layers with all that can be asked of them are 10 MB, which JSON.stringify holds the event loop for. */

import type { Pace } from '../delivery/pace.ts'
import { RawJson } from '../delivery/raw-json.ts'

/** A shorter list is printed with the rest. */
const FEW_ITEMS = 32
/** Characters of a piece. */
const PIECE = 65_536

/** Puts the JSON of long lists in their places: of root fields, and of their members. */
export async function printLists(data: Record<string, unknown>, pace: Pace): Promise<void> {
  for (const parent of [data, ...Object.values(data).filter(isPlain)]) {
    for (const [key, value] of Object.entries(parent)) {
      if (Array.isArray(value) && value.length > FEW_ITEMS) parent[key] = await printed(value, pace)
    }
  }
}

async function printed(items: readonly unknown[], pace: Pace): Promise<RawJson> {
  const pieces: Uint8Array[] = []
  let text = '['
  for (const [n, item] of items.entries()) {
    await pace.pass()
    text += `${n === 0 ? '' : ','}${JSON.stringify(item)}`
    if (text.length < PIECE) continue
    pieces.push(Buffer.from(text))
    text = ''
  }
  return new RawJson(...pieces, Buffer.from(`${text}]`))
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === null
}
