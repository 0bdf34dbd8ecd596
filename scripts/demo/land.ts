import type { DuckDBConnection } from '@duckdb/node-api'

export type Point = readonly [longitude: number, latitude: number]
export interface Placed {
  readonly point: Point
  readonly country: string
}

const TILE_DEGREES = 10

/** Cuts the table `countries` along a grid into the table `land`: a point is then looked for in 50 corners, not in 10,000. */
export async function cutLand(connection: DuckDBConnection): Promise<void> {
  await connection.run(`
    CREATE TABLE land AS
    SELECT name, ST_Intersection(geometry, tile) AS geometry
    FROM countries, (
      SELECT ST_MakeEnvelope(x, y, x + ${TILE_DEGREES}, y + ${TILE_DEGREES}) AS tile
      FROM range(-180, 180, ${TILE_DEGREES}) columns(x), range(-90, 90, ${TILE_DEGREES}) rows(y)
    )
    WHERE ST_Intersects(geometry, tile)
  `)
}

/** Returns the points that lie in a country, in their order. */
export async function onLand(connection: DuckDBConnection, points: readonly Point[]): Promise<Placed[]> {
  await connection.run('CREATE OR REPLACE TEMP TABLE tried (number INTEGER, longitude DOUBLE, latitude DOUBLE)')
  const appender = await connection.createAppender('tried')
  for (const [number, [longitude, latitude]] of points.entries()) {
    appender.appendInteger(number)
    appender.appendDouble(longitude)
    appender.appendDouble(latitude)
    appender.endRow()
  }
  appender.closeSync()
  const placed = await connection.runAndReadAll(`
    SELECT number, min(name) AS country
    FROM tried JOIN land ON ST_Contains(geometry, ST_Point(longitude, latitude))
    GROUP BY number ORDER BY number
  `)
  return placed.getRowsJS().map(([number, country]) => ({ point: points[number as number]!, country: country as string }))
}
