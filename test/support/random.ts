/** One seed for all that a test file makes up. It is printed, and `GEODUCK_SEED` brings a run back. */
const SEED = Number(process.env['GEODUCK_SEED'] ?? Math.floor(Math.random() * 2 ** 32))
console.log(`GEODUCK_SEED=${SEED}`)

export class Random {
  private state: number

  constructor(seed = SEED) {
    this.state = seed
  }

  /** 0 <= x < 1, 32 bits of it (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }

  /** 0 <= n < limit */
  integer(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  pick<T>(values: readonly T[]): T {
    return values[this.integer(values.length)]!
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  list<T>(length: number, make: () => T): T[] {
    return Array.from({ length }, make)
  }

  /** Any 64 bits. */
  bits64(): bigint {
    return BigInt.asIntN(64, (BigInt(this.integer(2 ** 32)) << 32n) | BigInt(this.integer(2 ** 32)))
  }

  /** Any double but NaN and the infinities. */
  double(): number {
    const value = new DataView(BigInt64Array.of(this.bits64()).buffer).getFloat64(0, true)
    return Number.isFinite(value) ? value : this.double()
  }
}
