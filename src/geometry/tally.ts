/** Of geometries that are read for one operation, what is counted, and how much of it there may be. */
export class Tally {
  readonly most: { readonly vertices: number; readonly parts: number; readonly inserted: number }
  vertices = 0
  /** Geometries, members and rings, which may be empty and have no vertex. */
  parts = 0
  /** Positions that are put between others where edges are cut. */
  inserted = 0

  constructor(mostVertices: number) {
    this.most = { vertices: mostVertices, parts: 2 * mostVertices, inserted: MAX_INSERTED }
  }

  /** What `read` makes; where it throws, nothing has been counted. */
  during<Value>(read: () => Value): Value {
    const { vertices, parts, inserted } = this
    try {
      return read()
    } catch (error) {
      Object.assign(this, { vertices, parts, inserted })
      throw error
    }
  }
}

const MAX_INSERTED = 100_000
