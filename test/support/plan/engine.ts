/** A real engine in the test's own process, run as a worker runs it: prepared, bound, streamed, its end proven. */
import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBValue,
  JSDuckDBValueConverter,
} from '@duckdb/node-api'
import type { Output } from '../../../src/encode/batch.ts'
import { createEncoder } from '../../../src/encode/encode.ts'
import { compileFeatures } from '../../../src/engines/duckdb/dialect/compile.ts'
import type { Plan, Statement } from '../../../src/engines/duckdb/dialect/plan.ts'
import { CREATE_SENTINEL } from '../../../src/engines/duckdb/dialect/quote.ts'
import { fieldTypeOf, plainTypeOf } from '../../../src/engines/duckdb/processes/inspect/field-type-of.ts'
import { bindParameters } from '../../../src/engines/duckdb/processes/query/execution.ts'
import { readVectors } from '../../../src/engines/duckdb/processes/query/vectors.ts'
import { jsonTypeOf } from '../../../src/model/json-type.ts'
import type { Field, Layer, Relation } from '../../../src/model/layer.ts'
import type { FeatureQuery, RowPosition } from '../../../src/model/query.ts'
import { SPATIAL_EXTENSION } from '../spatial-extension.ts'

export type Row = readonly unknown[]

export class Engine {
  readonly #instance: DuckDBInstance
  readonly #connection: DuckDBConnection

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance
    this.#connection = connection
  }

  static async open(threads: number, path = ':memory:'): Promise<Engine> {
    const instance = await DuckDBInstance.create(path, { threads: String(threads) })
    const connection = await instance.connect()
    await connection.run(`LOAD '${SPATIAL_EXTENSION}'`)
    await connection.run('SET GLOBAL geometry_always_xy = true')
    await connection.run(CREATE_SENTINEL)
    return new Engine(instance, connection)
  }

  close(): void {
    this.#connection.closeSync()
    this.#instance.closeSync()
  }

  async sql(text: string, parameters: readonly DuckDBValue[] = []): Promise<Row[]> {
    const reader = await this.#connection.runAndReadAll(text, [...parameters])
    return reader.getRowsJS() as unknown as Row[]
  }

  /** As `rows`, but only some columns, of numbers, and a hundred times faster. */
  async numbers(plan: Plan, columns: readonly number[]): Promise<number[][]> {
    const values: number[][] = columns.map(() => [])
    let ends = 0
    await this.#stream(plan, (chunk) => {
      const last = chunk.getColumnVector(plan.layout.columns.length).getItem(chunk.rowCount - 1) === true
      ends += last ? 1 : 0
      const count = last ? chunk.rowCount - 1 : chunk.rowCount
      for (const [n, column] of columns.entries()) {
        const { items } = chunk.getColumnVector(column) as unknown as { items: ArrayLike<number | bigint> }
        for (let row = 0; row < count; row++) values[n]!.push(Number(items[row]))
      }
    })
    if (ends !== 1) throw new Error(`The sentinel came ${ends} times`)
    return values
  }

  /** The rows of a plan, without its sentinel, which must be there, once and last. */
  async rows(plan: { readonly statement: Statement; readonly layout: Plan['layout'] }): Promise<Row[]> {
    const rows: Row[] = []
    await this.#stream(plan, (chunk) => rows.push(...(chunk.convertRows(JSDuckDBValueConverter) as unknown as Row[])))
    const ends = rows.flatMap((row, n) => (row[plan.layout.columns.length] === true ? [n] : []))
    if (ends.length !== 1 || ends[0] !== rows.length - 1)
      throw new Error(`The sentinel came at ${ends.join(', ')} of ${rows.length} rows`)
    return rows.slice(0, -1)
  }

  async #stream({ statement }: { readonly statement: Statement }, take: (chunk: DuckDBDataChunk) => void): Promise<void> {
    const connection = await this.#instance.connect()
    try {
      const prepared = await connection.prepare(statement.sql)
      bindParameters(prepared, statement.parameters)
      const result = await prepared.stream()
      for (let chunk = await result.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await result.fetchChunk()) take(chunk)
    } finally {
      connection.closeSync()
    }
  }

  /** The features of a plan, read and written as a worker does: what a client gets. */
  async features(query: FeatureQuery): Promise<{ id: string; properties: Record<string, unknown>; geometry?: unknown }[]> {
    const fields = [
      { key: 'id', field: 'key' },
      { key: 'properties', field: 'properties', only: null },
      { key: 'geometry', field: 'geometry', as: 'WKT', precision: 15 },
    ] as const
    const [bytes] = await this.encoded(query, [{ kind: 'features', fields }])
    return bytes!.flatMap((batch) => JSON.parse(new TextDecoder().decode(batch)))
  }

  /** For each output, the bytes of each batch. */
  async encoded(query: FeatureQuery, outputs: readonly Output[]): Promise<Uint8Array[][]> {
    const plan = compileFeatures({ ...query, outputs })
    const encoders = plan.outputs.map((output) => createEncoder(plan.layout, output))
    const bytes: Uint8Array[][] = encoders.map(() => [])
    await this.#stream(plan, (chunk) => {
      const last = chunk.getColumnVector(plan.layout.columns.length).getItem(chunk.rowCount - 1) === true
      const batch = readVectors(chunk, plan.layout.columns)
      for (const [n, encode] of encoders.entries())
        bytes[n]!.push(Uint8Array.from(encode(batch, 0, last ? chunk.rowCount - 1 : chunk.rowCount)))
    })
    return bytes
  }

  async explain({ statement }: Plan): Promise<string> {
    const [row] = await this.sql(`EXPLAIN ${statement.sql}`, statement.parameters as DuckDBValue[])
    return String(row?.[1])
  }

  /** A layer as the catalogue would describe it; `overrides` say what a scan would. */
  async layer(relation: Relation, overrides: Partial<Layer> = {}): Promise<Layer> {
    const from =
      relation.kind === 'parquet'
        ? `read_parquet([${relation.files.map((file) => `'${file.replaceAll("'", "''")}'`).join(', ')}])`
        : [relation.database, relation.schema, relation.table].map((name) => `"${name.replaceAll('"', '""')}"`).join('.')
    const result = await this.#connection.run(`SELECT * FROM ${from} LIMIT 0`)
    const geometryColumn = overrides.geometryColumn ?? 'geom'
    const covering = overrides.pruning?.kind === 'COVERING_COLUMN' ? overrides.pruning.column : null
    const columns: Field[] = result.columnNames().map((name, n) => {
      const type = fieldTypeOf(result.columnType(n))
      const readAs = plainTypeOf(result.columnType(n))
      return {
        name,
        type,
        native: String(result.columnType(n)),
        jsonType: jsonTypeOf(type),
        nullable: true,
        ...(readAs && { readAs }),
      }
    })
    return {
      name: 'things',
      state: 'READY',
      relation,
      columns: columns.filter(({ name }) => name !== geometryColumn && name !== covering),
      geometryColumn,
      geometryEncoding: 'GEOMETRY',
      geometryTypes: [],
      hasZ: false,
      crs: { code: 'OGC:CRS84', name: 'WGS 84', isLonLat: true },
      extent: null,
      featureCount: null,
      key: { kind: 'ROW_NUMBER' },
      pruning: { kind: 'NONE' },
      fingerprint: 'f1',
      ...overrides,
    }
  }

  async parquet(file: string, overrides: Partial<Layer> = {}): Promise<Layer> {
    return this.parquets([file], overrides)
  }

  async parquets(files: readonly string[], overrides: Partial<Layer> = {}): Promise<Layer> {
    const fileRows: number[] = []
    for (const file of files) {
      const [row] = await this.sql(`SELECT count(*)::INTEGER FROM read_parquet(['${file.replaceAll("'", "''")}'])`)
      fileRows.push(Number(row?.[0]))
    }
    return this.layer({ kind: 'parquet', files, fileRows }, overrides)
  }

  async table(table: string, overrides: Partial<Layer> = {}): Promise<Layer> {
    return this.layer({ kind: 'table', database: 'memory', schema: 'main', table }, overrides)
  }
}

/** The position of a batch that ends with the row, as a worker reports it. */
export function positionOf(plan: Plan, row: Row): RowPosition {
  return { keys: plan.keys.map((index) => (row[index] === null ? null : String(row[index]))) }
}
