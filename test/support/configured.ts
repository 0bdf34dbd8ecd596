/** Layers of test/fixtures/configured.py, and what shapely says of them. */
import type { Layer, LayerOverrides } from '../../src/model/layer.ts'
import { python } from './python.ts'

export interface Judged {
  readonly row: number
  readonly valid: boolean
  /** WKB in hexadecimal; null for no geometry. */
  readonly repaired: string | null
  readonly type: string | null
}

/** Each row of the file, as shapely and geopandas see it. */
export function judged(file: string): Promise<Judged[]> {
  return python<Judged[]>(
    `import geopandas, json, sys
frame = geopandas.read_parquet(sys.argv[1])
print(json.dumps([
  {"row": i, "valid": g is None or g.is_valid, "repaired": None if g is None else made.wkb_hex, "type": None if g is None else made.geom_type}
  for i, (g, made) in enumerate(zip(frame.geometry, frame.geometry.make_valid()))
]))`,
    [file],
  )
}

/** Rows whose geometries, WKB in hexadecimal, are not the same sets of points. */
export function differing(pairs: readonly (readonly [row: number, a: string | null, b: string | null])[]): Promise<number[]> {
  return python<number[]>(
    `import json, sys, shapely
same = lambda a, b: a == b if a is None or b is None else shapely.equals(shapely.from_wkb(a), shapely.from_wkb(b))
print(json.dumps([row for row, a, b in json.load(sys.stdin) if not same(a, b)]))`,
    [],
    JSON.stringify(pairs),
  )
}

export function tailoring(onInvalid: LayerOverrides['onInvalid'], hidden: readonly string[] = []): Pick<Layer, 'tailoring'> {
  return { tailoring: { title: null, description: null, hidden, onInvalid } }
}
