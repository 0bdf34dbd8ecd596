const UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
}

/**
 * Bytes of a text such as `512MB`, `1.5 GiB` or `1048576`. Units are as in DuckDB: MB is a million, MiB is 2^20.
 *
 * @returns undefined if the text is no size
 */
export function parseSize(text: string): number | undefined {
  const [, number, unit] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? []
  const factor = UNITS[unit?.toUpperCase() || 'B']
  return number === undefined || factor === undefined ? undefined : Math.floor(Number(number) * factor)
}

/** Prints with the largest unit that leaves at least one digit before the point, such as `4 GB` or `1.5 GB`. */
export function formatSize(bytes: number): string {
  const unit = ['TB', 'GB', 'MB', 'KB'].find((name) => bytes >= UNITS[name]!) ?? 'B'
  return `${Number((bytes / UNITS[unit]!).toFixed(1))} ${unit}`
}
