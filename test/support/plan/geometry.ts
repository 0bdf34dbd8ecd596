import { FILTER_LIMITS } from '../../../src/ask/read/read-filter.ts'
import { readGeometry } from '../../../src/ask/read/read-geometry.ts'
import { type ClientGeometry, GeometryBudget, GeometryBuilder } from '../../../src/geometry/builder.ts'
import { readWkb } from '../../../src/geometry/wkb-reader.ts'
import type { GeometryInput } from '../../../src/graphql/generated.ts'
import type { Layer } from '../../../src/model/layer.ts'

/** Just enough of a layer for a reader: with or without longitudes and latitudes. */
export function layerWith(isLonLat: boolean): Layer {
  return { crs: { code: null, name: '', isLonLat } } as Layer
}

export function read(input: GeometryInput, isLonLat = false): ClientGeometry {
  return readGeometry(input, layerWith(isLonLat), 'within', new GeometryBudget(FILTER_LIMITS.vertices))
}

export function readBytes(bytes: Uint8Array): ClientGeometry {
  const to = new GeometryBuilder('within.wkb', false, new GeometryBudget(FILTER_LIMITS.vertices))
  readWkb(bytes, to)
  return to.finish()
}

export function hex({ wkb }: ClientGeometry): string {
  return Buffer.from(wkb).toString('hex')
}

/** The error that is thrown, as `CODE: message`. */
export function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    return `${code}: ${message}`
  }
  return 'taken'
}
