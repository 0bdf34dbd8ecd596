/** Positions in units of a tile, as numbers in turn: x, y, x, y. Their memory is used again for every geometry. */
export class Path {
  numbers = new Float64Array(512)
  /** Numbers that are in use. */
  length = 0

  add(x: number, y: number): void {
    if (this.length + 2 > this.numbers.length) {
      const larger = new Float64Array(2 * this.numbers.length)
      larger.set(this.numbers)
      this.numbers = larger
    }
    this.numbers[this.length++] = x
    this.numbers[this.length++] = y
  }
}

/** Replaces `to` by the part of the ring on one side of a straight line (Sutherland and Hodgman). A ring does not repeat its first position. */
function clipSide(ring: Path, to: Path, axis: 0 | 1, limit: number, isUpper: boolean): void {
  const { numbers, length } = ring
  to.length = 0
  if (length === 0) return
  let x = numbers[length - 2]!
  let y = numbers[length - 1]!
  let before = (axis === 0 ? x : y) - limit
  if (isUpper) before = -before
  for (let at = 0; at < length; at += 2) {
    const [nextX, nextY] = [numbers[at]!, numbers[at + 1]!]
    let beyond = (axis === 0 ? nextX : nextY) - limit
    if (isUpper) beyond = -beyond
    if (before < 0 !== beyond < 0) {
      const share = before / (before - beyond)
      if (axis === 0) to.add(limit, y + share * (nextY - y))
      else to.add(x + share * (nextX - x), limit)
    }
    if (beyond >= 0) to.add(nextX, nextY)
    x = nextX
    y = nextY
    before = beyond
  }
}

/** Replaces `ring` by its part within the square from `low` to `high`. Parts that are apart stay connected along the edge of the square. */
export function clipRing(ring: Path, scratch: Path, low: number, high: number): void {
  clipSide(ring, scratch, 0, low, false)
  clipSide(scratch, ring, 0, high, true)
  clipSide(ring, scratch, 1, low, false)
  clipSide(scratch, ring, 1, high, true)
}

/** Twice the area of a ring. It is positive for a shell of a tile, whose y counts downwards. */
export function twiceArea({ numbers, length }: Path): number {
  let area = 0
  if (length < 6) return 0
  // Relative to the first position, so that large numbers do not hide a small area.
  const [left, top] = [numbers[0]!, numbers[1]!]
  for (let at = 2; at + 3 < length; at += 2) {
    area += (numbers[at]! - left) * (numbers[at + 3]! - top) - (numbers[at + 2]! - left) * (numbers[at + 1]! - top)
  }
  return area
}

/**
 * Simplifies positions [from, to) of the path in place (Douglas and Peucker), and returns the number after the last one that is left. A ring that
 * would lose its area stays unchanged.
 */
export class Simplifier {
  private kept = new Uint8Array(256)
  private readonly open: number[] = []

  simplify(path: Path, from: number, to: number, tolerance: number, isRing: boolean): number {
    const count = (to - from) >> 1
    if (tolerance === 0 || count <= (isRing ? 3 : 2)) return to
    if (count > this.kept.length) this.kept = new Uint8Array(2 * count)
    const { kept, open } = this
    kept.fill(0, 0, count)
    kept[0] = 1
    kept[count - 1] = 1
    open.push(0, count - 1)
    while (open.length > 0) {
      const last = open.pop()!
      const first = open.pop()!
      const farthest = farthestOf(path.numbers, from, first, last, tolerance * tolerance)
      if (farthest === 0) continue
      kept[farthest] = 1
      open.push(first, farthest, farthest, last)
    }
    return this.compact(path, from, to, isRing)
  }

  private compact({ numbers }: Path, from: number, to: number, isRing: boolean): number {
    const { kept } = this
    const count = (to - from) >> 1
    let left = 0
    for (let i = 0; i < count; i++) left += kept[i]!
    // Its first position is its last one too.
    if (isRing && left < 4) return to
    let at = from
    for (let i = 0; i < count; i++) {
      if (kept[i] === 0) continue
      numbers[at++] = numbers[from + 2 * i]!
      numbers[at++] = numbers[from + 2 * i + 1]!
    }
    return at
  }
}

/** Returns the position that is farthest from the straight line between two others. 0 if none is farther than the tolerance. */
function farthestOf(numbers: Float64Array, from: number, first: number, last: number, squaredTolerance: number): number {
  const [x, y] = [numbers[from + 2 * first]!, numbers[from + 2 * first + 1]!]
  const dx = numbers[from + 2 * last]! - x
  const dy = numbers[from + 2 * last + 1]! - y
  const squaredLength = dx * dx + dy * dy
  let most = squaredTolerance
  let farthest = 0
  for (let i = first + 1; i < last; i++) {
    let px = numbers[from + 2 * i]! - x
    let py = numbers[from + 2 * i + 1]! - y
    if (squaredLength > 0) {
      const share = Math.max(0, Math.min(1, (px * dx + py * dy) / squaredLength))
      px -= share * dx
      py -= share * dy
    }
    const squared = px * px + py * py
    if (squared > most) {
      most = squared
      farthest = i
    }
  }
  return farthest
}
