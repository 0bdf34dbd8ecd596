import type { ClientGeometry } from '../../../src/geometry/builder.ts'
import type { Engine } from '../../support/plan/engine.ts'

/** Has the engine compute with geometry as a plan does; how many that were. It ends this process where one of them can end a worker. */
export async function evaluated(engine: Engine, geometries: readonly ClientGeometry[]): Promise<number> {
  const texts = geometries.flatMap(({ wkb, bbox }) => (bbox === null ? [] : [Buffer.from(wkb).toString('hex')]))
  const [[count] = []] = await engine.sql(
    `SELECT count(*)::INTEGER FROM (
      SELECT TRY(ST_Intersects(ST_Point(1, 1), g)) AS a, TRY(ST_Within(ST_MakeEnvelope(1, 1, 2, 2), g)) AS b
      FROM (SELECT ST_GeomFromWKB(unhex(h)) AS g FROM (SELECT unnest(CAST(CAST($1 AS JSON) AS VARCHAR[])) AS h))
    ) WHERE hash(a, b) IS NOT NULL`,
    [JSON.stringify(texts)],
  )
  return Number(count) + geometries.length - texts.length
}
