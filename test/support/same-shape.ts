/** Compares polygons whose rings may start elsewhere, run the other way, or stand in another order. */

/** Both are WKB (ISO, little endian) in hexadecimal. */
export function sameShape(a: string | null, b: string | null | undefined): boolean {
  if (!a || !b) return (a ?? null) === (b ?? null)
  const shape = shapeOf(Buffer.from(a, 'hex'))
  return shape !== null && shape === shapeOf(Buffer.from(b, 'hex'))
}

/** Null if it is no WKB. */
function shapeOf(wkb: Buffer): string | null {
  let at = 0
  const take = (size: number) => {
    at += size
    return wkb.subarray(at - size, at)
  }
  const count = () => take(4).readUInt32LE()
  const parts = <Part>(read: () => Part) => Array.from({ length: Math.min(count(), wkb.length) }, read)

  function read(): string {
    take(1)
    const type = count()
    const size = 16 + (type >= 3000 ? 16 : type >= 1000 ? 8 : 0)
    const point = () => take(size).toString('hex')
    switch (type % 1000) {
      case 1:
        return `${type} ${point()}`
      case 2:
        return `${type} ${parts(point)}`
      case 3:
        return `${type} ${parts(() => ring(parts(point)))
          .sort()
          .join(' ')}`
      default:
        return `${type} ${parts(read).sort().join(';')}`
    }
  }
  try {
    return read()
  } catch {
    return null
  }
}

/** From its least point, in the direction whose text is less. */
function ring(points: string[]): string {
  const open = points[0] === points.at(-1) ? points.slice(0, -1) : points
  return (
    [open, open.toReversed()].flatMap((way) => way.map((_, at) => [...way.slice(at), ...way.slice(0, at)].join())).sort()[0] ?? ''
  )
}
