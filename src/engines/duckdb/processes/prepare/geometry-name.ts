const NAMES = ['geometry', 'geom', 'the_geom', 'wkb_geometry']

/** A name for geometry that has none in its file, which no attribute has. DuckDB's names are case-insensitive. */
export function geometryName(attributes: readonly string[]): string {
  return freeName(NAMES, attributes)
}

/** Returns the first free name. If none is free, the first name with a number after it. */
export function freeName(wishes: readonly string[], taken: readonly string[]): string {
  const names = new Set(taken.map((name) => name.toLowerCase()))
  const free = wishes.find((name) => !names.has(name.toLowerCase()))
  if (free !== undefined) return free
  for (let n = 2; ; n++) if (!names.has(`${wishes[0]}_${n}`.toLowerCase())) return `${wishes[0]}_${n}`
}
