/** A Parquet file with values at the edges of their types, for DuckDB and for Spark. */
import { join } from 'node:path'
import type { Condition } from '../../src/engines/spark/dialect/condition.ts'
import { SparkConnection } from '../../src/engines/spark/host/spark-connection.ts'
import type { CoveringColumn, Layer } from '../../src/model/layer.ts'
import { Engine } from './plan/engine.ts'
import { type SharedSpark, sharedSpark } from './shared-spark.ts'

export const ROWS = 6_000

/** A name with all that a dialect might quote. */
export const ODD = 'odd `name` "it\'s" ?'

/** Values at the edges of each type, as SQL of DuckDB. */
export const COLUMNS: Readonly<Record<string, { readonly type: string; readonly values: readonly string[] }>> = {
  bool: { type: 'BOOLEAN', values: ['true', 'false'] },
  tiny: { type: 'TINYINT', values: ['-128', '-1', '0', '1', '127'] },
  small: { type: 'SMALLINT', values: ['-32768', '0', '32767'] },
  whole: { type: 'INTEGER', values: ['-2147483648', '-1', '0', '7', '2147483647'] },
  big: { type: 'BIGINT', values: ['-9223372036854775808', '-9007199254740993', '0', '9007199254740993', '9223372036854775807'] },
  float: {
    type: 'FLOAT',
    values: ['0.1', '-0.0', '0.0', "'nan'", "'inf'", "'-inf'", '3.4028234663852886e38', '1.4e-45', '16777217'],
  },
  double: {
    type: 'DOUBLE',
    values: ['0.1', '-0.0', '0.0', "'nan'", "'inf'", "'-inf'", '1.7976931348623157e308', '5e-324', '0.30000000000000004', '1e16'],
  },
  decimal: { type: 'DECIMAL(9, 4)', values: ['12345.6789', '-0.0001', '0', '99999.9999', '-99999.9999'] },
  wide: {
    type: 'DECIMAL(38, 10)',
    values: ["'9999999999999999999999999999.9999999999'", "'-0.0000000001'", '0', "'1234567890123456789.0123456789'"],
  },
  text: {
    type: 'VARCHAR',
    values: [
      ...["''", "'a'", "'A'", "'ä'", "'a' || chr(776)", "'z'", "'Z'", "'\u{1F986}'", "'\uFFFD'", "'\u0130'", "'i'", "'I'"],
      ...["'a' || chr(0) || 'b'", "'nan'", "'it''s'", "'a%'", "'a_\\'", "'a' || chr(10) || 'b'", "repeat('x', 300)"],
    ],
  },
  blob: { type: 'BLOB', values: ["''", "'\\x00'", "'\\x00\\xFF'", "'\\x5C'", "'abc'", "'\\x80'"] },
  date: {
    type: 'DATE',
    values: ["'2026-05-31'", "'0001-01-01'", "'1582-10-04'", "'1582-10-15'", "'1970-01-01'", "'9999-12-31'"],
  },
  local: {
    type: 'TIMESTAMP',
    values: [
      "'2026-05-31 12:00:00.000001'",
      "'0001-01-01 00:00:00'",
      "'1969-12-31 23:59:59.999999'",
      "'9999-12-31 23:59:59.999999'",
    ],
  },
  moment: {
    type: 'TIMESTAMP WITH TIME ZONE',
    values: [
      "'2026-05-31 12:00:00.000001+00'",
      "'2026-05-31 12:00:00+05:30'",
      "'0001-01-02 00:00:00+00'",
      "'2026-03-29 01:30:00+00'",
    ],
  },
  farDate: { type: 'DATE', values: ["'infinity'", "'-infinity'", "'290000-01-02'", "'290001-01-01 (BC)'", "'0044-03-15 (BC)'"] },
  farLocal: {
    type: 'TIMESTAMP',
    values: [
      ...["'infinity'", "'-infinity'", "'290000-01-01 00:00:00.000001'", "'290000-01-01'", "'290000-01-01 (BC)'"],
      ...["'290001-12-31 (BC) 23:59:59'", "'0044-03-15 (BC) 12:00:00'"],
    ],
  },
  farMoment: {
    type: 'TIMESTAMP WITH TIME ZONE',
    values: ["'infinity'", "'-infinity'", "'290000-01-01 00:00:00.000001+00'", "'1582-10-10 00:00:00+00'"],
  },
  numbers: { type: 'INTEGER[]', values: ['[]', '[1, 2, 3]', '[NULL]', '[3, NULL]', '[7]'] },
  words: { type: 'VARCHAR[]', values: ["['red', 'blue']", "['']", "[NULL, 'red']", '[]'] },
  deep: {
    type: 'STRUCT(a STRUCT(b INTEGER), "c.d" VARCHAR)',
    values: [`{a: {b: 5}, "c.d": 'x'}`, `{a: {b: NULL}, "c.d": 'y'}`, `{a: NULL, "c.d": NULL}`],
  },
  [ODD]: { type: 'INTEGER', values: ['1', '2'] },
}

export const COVERING: CoveringColumn = {
  kind: 'COVERING_COLUMN',
  column: 'bbox',
  members: { xmin: 'xmin', ymin: 'ymin', xmax: 'xmax', ymax: 'ymax' },
  float32: true,
}

export class EdgeValues {
  readonly engine: Engine
  /** It has the columns above, `n`, which is the number of the row, and the geometry `geom` with two covering columns: `bbox` and `exact`. */
  readonly layer: Layer
  readonly #spark: SharedSpark
  readonly #connection: SparkConnection
  #statements = 0

  private constructor(engine: Engine, layer: Layer, spark: SharedSpark, connection: SparkConnection) {
    this.engine = engine
    this.layer = layer
    this.#spark = spark
    this.#connection = connection
  }

  static async open(overrides: Partial<Layer> = {}): Promise<EdgeValues> {
    const [spark, engine] = [await sharedSpark(), await Engine.open(1)]
    const { address, token, folder } = spark
    const file = join(folder, 'rows.parquet')
    await write(engine, file)
    const connection = new SparkConnection({ address, token, isEncrypted: false, tempDirectory: join(folder, 'temp') })
    await connection.view('rows', [file])
    return new EdgeValues(engine, await engine.parquet(file, overrides), spark, connection)
  }

  /** Runs a statement of the view `rows` in Spark, and returns the pattern of the files with its rows. */
  async inSpark({ sql, values }: Condition): Promise<string> {
    const directory = join(this.#spark.folder, `statement-${++this.#statements}`)
    await this.#connection.write({ sql, values, directory })
    return `${directory}/*.parquet`
  }

  async close(): Promise<void> {
    await this.#connection.close()
    this.engine.close()
    await this.#spark.leave()
  }
}

async function write(engine: Engine, file: string): Promise<void> {
  const names = Object.keys(COLUMNS).map((name) => `"${name.replaceAll('"', '""')}"`)
  const values = Object.values(COLUMNS).map(({ type, values }, n) => {
    const list = `[${values.map((value) => `CAST(${value} AS ${type})`).join(', ')}]`
    // A sixth is null. Some columns are sorted, so that row groups are skipped by their statistics.
    const index = n % 3 === 0 ? `n * ${values.length} // ${ROWS}` : `(hash(n, ${n}) % ${values.length})::INTEGER`
    return `CASE WHEN hash(n, ${n}, 'null') % 6 > 0 THEN ${list}[${index} + 1] END AS ${names[n]}`
  })
  const box = '{xmin: x::FLOAT, ymin: y::FLOAT, xmax: (x + 0.5)::FLOAT, ymax: (y + 0.5)::FLOAT} AS bbox'
  // Some places have no numbers.
  const side = (sql: string) => `CASE n % 20 WHEN 17 THEN 'nan' WHEN 18 THEN 'inf' WHEN 19 THEN NULL ELSE ${sql} END::DOUBLE`
  const exact = `{xmin: ${side('x')}, ymin: y, xmax: x + 0.5, ymax: ${side('y + 0.5')}} AS exact`
  const place = `(n * 7919 % 3600) / 10 - 180 AS x, (n * 104729 % 1790) / 10 - 90 AS y`
  await engine.sql(`COPY (SELECT n, ${values.join(', ')}, ${box}, ${exact}, ST_MakeEnvelope(x, y, x + 0.5, y + 0.5) AS geom
    FROM (SELECT range::INTEGER AS n, ${place} FROM range(${ROWS}))) TO '${file}' (FORMAT parquet, ROW_GROUP_SIZE 2048)`)
}
