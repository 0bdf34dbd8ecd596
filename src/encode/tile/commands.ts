/** The geometry of one feature of a tile, as the command integers of the Mapbox Vector Tile specification 2.1, 4.3. */
const MOVE_TO = 1
const LINE_TO = 2
const CLOSE_PATH = 15

export class Commands {
  integers = new Uint32Array(256)
  length = 0
  private x = 0
  private y = 0

  clear(): void {
    this.length = 0
    this.x = 0
    this.y = 0
  }

  /** Adds a point. All points of a feature are one command. */
  point(x: number, y: number): void {
    if (this.length === 0) this.put(MOVE_TO)
    this.integers[0] = (this.length + 1) * 4 + MOVE_TO
    this.step(x, y)
  }

  /** Adds the first `count` positions: a line of at least two, or a ring of at least three without its first position again. */
  path(positions: Int32Array, count: number, isRing: boolean): void {
    this.put(8 + MOVE_TO)
    this.step(positions[0]!, positions[1]!)
    this.put(8 * (count - 1) + LINE_TO)
    for (let i = 1; i < count; i++) this.step(positions[2 * i]!, positions[2 * i + 1]!)
    if (isRing) this.put(CLOSE_PATH)
  }

  private step(x: number, y: number): void {
    this.put(zigzag(x - this.x))
    this.put(zigzag(y - this.y))
    this.x = x
    this.y = y
  }

  private put(integer: number): void {
    if (this.length === this.integers.length) {
      const larger = new Uint32Array(2 * this.length)
      larger.set(this.integers)
      this.integers = larger
    }
    this.integers[this.length++] = integer
  }
}

function zigzag(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0
}
