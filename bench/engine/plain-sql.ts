/** The statement of a program without Geoduck. */

/** $1 .. $4: west, south, east, north. The covering column is compared first, as the format's manual advises. */
export function plainBoxQuery(file: string): string {
  return `SELECT id, name, class, height, levels, built_year, ST_AsGeoJSON(geom) AS geometry FROM read_parquet('${file}')
    WHERE bbox.xmin <= $3 AND bbox.xmax >= $1 AND bbox.ymin <= $4 AND bbox.ymax >= $2
      AND ST_Intersects(geom, ST_MakeEnvelope($1::DOUBLE, $2::DOUBLE, $3::DOUBLE, $4::DOUBLE))`
}
