/** Two lines of 100,000 vertices: the distance between them is one call that takes minutes, uses little memory, and ignores interrupts. */
const line = (y: string) => `(SELECT ST_MakeLine(list(ST_Point(i * 0.001, ${y}) ORDER BY i)) FROM range(100000) r(i))`

/** A query of one number. */
export const HANG = `SELECT ST_Distance(${line('sin(i * 0.37)')}, ${line('1000 + i * 0.1 + sin(i * 0.37)')})`
