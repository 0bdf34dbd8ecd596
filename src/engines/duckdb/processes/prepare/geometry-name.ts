const NAMES = ['geometry', 'geom', 'the_geom', 'wkb_geometry']

/** For geometry that has no name in its file: one that no attribute has. DuckDB's names know no case. */
export function geometryName(attributes: readonly string[]): string {
  return freeName(NAMES, attributes)
}

/** The first that is free; the first of all with a number behind it, if none is. */
export function freeName(wishes: readonly string[], taken: readonly string[]): string {
  const names = new Set(taken.map((name) => name.toLowerCase()))
  const free = wishes.find((name) => !names.has(name.toLowerCase()))
  if (free !== undefined) return free
  for (let n = 2; ; n++) if (!names.has(`${wishes[0]}_${n}`.toLowerCase())) return `${wishes[0]}_${n}`
}
