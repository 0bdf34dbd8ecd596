/** Broken and odd sources of the engine's own formats: every problem has words of ours and a remedy, and the log has the engine's. */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type Catalog, openCatalog } from '../../../src/catalog/catalog.ts'
import { reasonOf } from '../../../src/engines/duckdb/processes/inspect/reason.ts'
import { inEngine } from '../../support/engine.ts'
import { python } from '../../support/python.ts'
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'
import { problemOf } from './support.ts'

const folder = mkdtempSync(join(tmpdir(), 'geoduck-messages-'))

const MAKE = `
import json, os, sys, base64, pyarrow as pa, pyarrow.parquet as pq, pyarrow.parquet.encryption as pe, shapely
folder = sys.argv[1]
points = [shapely.Point(i / 10, i / 20).wkb for i in range(500)]
def geo(column={}, **more):
    return {'version': '1.1.0', 'primary_column': 'geometry', 'columns': {'geometry': {'encoding': 'WKB', 'geometry_types': ['Point'], **column}}, **more}
def table(metadata, columns=None):
    columns = columns or {'n': list(range(500)), 's': [f'text {i}' for i in range(500)], 'geometry': pa.array(points, pa.binary())}
    text = metadata if isinstance(metadata, (str, bytes)) else json.dumps(metadata)
    return pa.table(columns).replace_schema_metadata(None if metadata is None else {'geo': text})
def write(name, metadata=geo(), columns=None, **more): pq.write_table(table(metadata, columns), f'{folder}/{name}.parquet', **more)
write('good', row_group_size=100)
for name, text in {'not-json': '{nope', 'empty': '', 'array': '[1]', 'null': 'null', 'binary': b'\\xff\\xfe\\x00'}.items(): write(f'metadata-{name}', text)
columns = geo()['columns']
for name, metadata in {
    'no-primary': {'version': '1.1.0', 'columns': columns}, 'no-columns': {'version': '1.1.0', 'primary_column': 'geometry'},
    'empty-columns': geo(columns={}), 'absent-column': geo(primary_column='x', columns={'x': columns['geometry']}), 'columns-text': geo(columns='x'),
    'column-text': geo(columns={'geometry': 'x'}), 'no-version': {'primary_column': 'geometry', 'columns': columns}, 'version-number': geo(version=1),
    'encoding': geo({'encoding': 'TWKB'}), 'no-encoding': geo(columns={'geometry': {'geometry_types': []}}), 'encoding-number': geo({'encoding': 7}),
    'types-text': geo({'geometry_types': 'Point'}), 'crs-text': geo({'crs': 'nonsense'}), 'crs-number': geo({'crs': 7}), 'crs-empty': geo({'crs': {'type': 'ProjectedCRS'}}),
}.items(): write(f'metadata-{name}', metadata)
for name, metadata in {
    'absent-primary': geo(primary_column='nothing'), 'version-2': geo(version='2.0.0'), 'version-9': geo(version='9.9.9'), 'types-unknown': geo({'geometry_types': ['Nonsense', 1]}),
    'bbox-text': geo({'bbox': ['a']}), 'bbox-short': geo({'bbox': [1, 2]}), 'covering-absent': geo({'covering': {'bbox': {s: ['no', s] for s in ['xmin', 'ymin', 'xmax', 'ymax']}}}), 'covering-number': geo({'covering': 7}),
    'deep': json.dumps(geo())[:-1] + ',"x":' + '[' * 100000 + ']' * 100000 + '}',
}.items(): write(f'served-{name}', metadata)
xy = [{'x': 1.0, 'y': 2.0}]
for name, encoding, values in [
    ('number', 'WKB', [5]), ('text', 'WKB', ['POINT(1 2)']), ('hex', 'WKB', [points[0].hex()]), ('list', 'WKB', [[1.0, 2.0]]), ('null', 'WKB', pa.nulls(1)), ('point-number', 'point', [7]),
    ('point-members', 'point', [{'a': 1.0, 'b': 2.0}]), ('point-text', 'point', [{'x': '1', 'y': '2'}]), ('point-as-line', 'linestring', xy), ('line-as-polygon', 'polygon', [xy]),
]: write(f'type-{name}', geo({'encoding': encoding}), {'n': [1], 'geometry': values})
write('no-geometry', None, {'a': [1]})
write('blob-without-metadata', None)
write('served-no-rows', geo(), {'n': pa.array([], pa.int32()), 'geometry': pa.array([], pa.binary())})
meta = {'geo': json.dumps(geo())}
pq.ParquetWriter(f'{folder}/served-no-row-groups.parquet', pa.schema([('n', pa.int32()), ('geometry', pa.binary())], metadata=meta)).close()
pq.ParquetWriter(f'{folder}/no-columns.parquet', pa.schema([], metadata=meta)).close()
for name, values in {'killers': [b'', b'\\x01', bytes(9)], 'garbage': [b'not wkb at all', None], 'curve': [bytes.fromhex('010800000000000000')]}.items():
    write(f'geometry-{name}', geo(), {'geometry': pa.array(values, pa.binary())})
write('far', geo(), {'geometry': pa.array([shapely.Point(652469, 6862035).wkb], pa.binary())})
class Keys(pe.KmsClient):
    def __init__(self, _): super().__init__()
    def wrap_key(self, key, _): return base64.b64encode(key)
    def unwrap_key(self, key, _): return base64.b64decode(key)
small = table(geo(), {'n': [1], 'geometry': pa.array(points[:1], pa.binary())})
for name, plain in [('encrypted-footer', False), ('encrypted-column', True)]:
    factory, connection = pe.CryptoFactory(Keys), pe.KmsConnectionConfig(custom_kms_conf={'k': '0123456789012345'})
    keys = pe.EncryptionConfiguration(footer_key='k', column_keys={'k': ['geometry']}, plaintext_footer=plain)
    with pq.ParquetWriter(f'{folder}/{name}.parquet', small.schema, encryption_properties=factory.file_encryption_properties(connection, keys)) as writer: writer.write_table(small)
os.makedirs(f'{folder}/parts')
write('parts/a', geo(), {'n': [1], 'geometry': pa.array(points[:1], pa.binary())})
write('parts/b', geo(), {'n': ['x'], 'geometry': pa.array(points[:1], pa.binary())})
print('null')
`

/** Pseudo-random numbers below `most`, the same in every run. */
let state = 7
function random(most: number): number {
  state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
  return Math.floor((state / 2 ** 32) * most)
}

function write(name: string, ...parts: Uint8Array[]): void {
  writeFileSync(join(folder, name), Buffer.concat(parts))
}

/** Copies with `count` flipped bits from `from` on. */
function flip(name: string, bytes: Buffer, times: number, count: number, from: number, to: number): void {
  const [stem, extension] = name.split('.')
  for (let copy = 0; copy < times; copy++) {
    const damaged = Buffer.from(bytes)
    for (let bit = 0; bit < count; bit++) damaged[from + random(to - from)]! ^= 1 << random(8)
    write(`${stem}-${copy}.${extension}`, damaged)
  }
}

function breakParquet(): void {
  const good = readFileSync(join(folder, 'good.parquet'))
  const { length } = good
  const footer = good.readUInt32LE(length - 8)
  const tail = (claimed: number) => Buffer.from([...new Uint8Array(new Uint32Array([claimed]).buffer), ...Buffer.from('PAR1')])
  const data = length - 8 - footer
  for (const end of [
    0,
    1,
    3,
    4,
    7,
    8,
    12,
    100,
    length >> 2,
    length >> 1,
    data,
    data + (footer >> 1),
    length - 8,
    length - 5,
    length - 1,
  ])
    write(`cut-${end}.parquet`, good.subarray(0, end))
  for (const claimed of [0, 1, footer - 1, footer + 1, footer >> 1, footer * 2, length, 2 ** 31, 2 ** 32 - 1])
    write(`footer-length-${claimed}.parquet`, good.subarray(0, -8), tail(claimed))
  write('footer-zero.parquet', good.subarray(0, data), new Uint8Array(footer), good.subarray(-8))
  write('magic-start.parquet', Buffer.from('XXXX'), good.subarray(4))
  write('magic-end.parquet', good.subarray(0, -4), Buffer.from('XXXX'))
  write('zeros.parquet', new Uint8Array(5000))
  write('text.parquet', Buffer.from('hello, this is text\n'.repeat(50)))
  flip('footer-bits.parquet', good, 12, 3, data, length - 8)
  flip('page-bits.parquet', good, 10, 20, 4, data)
  mkdirSync(join(folder, 'folder.parquet'))
}

/** The checksum that DuckDB has at the start of a header. */
function withChecksum(header: Buffer): Buffer {
  let sum = 5381n
  for (let at = 0; at < header.length; at += 8) sum ^= BigInt.asUintN(64, header.readBigUInt64LE(at) * 0xbf58476d1ce4e5b9n)
  const checksum = Buffer.alloc(8)
  checksum.writeBigUInt64LE(sum)
  return Buffer.concat([checksum, header])
}

async function makeDatabases(): Promise<void> {
  const at = (name: string) => `'${join(folder, name)}'`
  await inEngine(':memory:', async (connection) => {
    const create = async (name: string, ...statements: string[]) => {
      await connection.run(`ATTACH ${at(name)} AS store (STORAGE_VERSION 'v1.5.0')`)
      for (const statement of statements) await connection.run(statement)
      await connection.run('DETACH store')
    }
    const rows = "SELECT i AS n, ST_Point(i / 100, i / 100) AS geom, 'text ' || i AS s FROM range(5000) t(i)"
    await create('served-good.duckdb', `CREATE TABLE store.t AS ${rows}`)
    await create('no-tables.duckdb')
    await create('no-geometry.duckdb', 'CREATE TABLE store.t(a INTEGER)')
    await create('view.duckdb', 'CREATE VIEW store.v AS SELECT ST_Point(1, 2) AS geom')
    await create(
      'broken-view.duckdb',
      'CREATE TABLE store.t(geom GEOMETRY)',
      'CREATE VIEW store.v AS FROM store.t',
      'DROP TABLE store.t',
    )
    await create('served-no-rows.duckdb', 'CREATE TABLE store.t(a INTEGER, geom GEOMETRY)')
    await connection.run("SET force_mbedtls_unsafe = 'true'")
    await connection.run(`ATTACH ${at('encrypted.duckdb')} AS store (ENCRYPTION_KEY 'secret')`)
    await connection.run('CREATE TABLE store.t AS SELECT ST_Point(1, 2) AS geom')
    await connection.run('DETACH store')
    // The log of a database that is open for writing is copied with it.
    for (const [name, index] of [
      ['log', false],
      ['log-of-index', true],
    ] as const) {
      await connection.run(`ATTACH ${at('open.db')} AS store (STORAGE_VERSION 'v1.5.0')`)
      await connection.run('CREATE TABLE store.t AS SELECT ST_Point(1, 2) AS geom')
      if (index) await connection.run('CREATE INDEX i ON store.t USING RTREE (geom)')
      await connection.run('CHECKPOINT store')
      await connection.run('INSERT INTO store.t VALUES (ST_Point(3, 4))')
      for (const suffix of ['', '.wal'])
        copyFileSync(join(folder, `open.db${suffix}`), join(folder, `served-${name}.duckdb${suffix}`))
      await connection.run('DETACH store')
      rmSync(join(folder, 'open.db'))
    }
  })
  const good = readFileSync(join(folder, 'served-good.duckdb'))
  const log = readFileSync(join(folder, 'served-log.duckdb.wal'))
  const logged = readFileSync(join(folder, 'served-log.duckdb'))
  const { length } = good
  for (const end of [0, 8, 12, 100, 4096, 8192, 12_288, 12_300, length >> 1, length - 4096, length - 1])
    write(`cut-${end}.duckdb`, good.subarray(0, end))
  for (const version of [1, 51, 63, 99, 2 ** 40]) {
    const header = Buffer.from(good.subarray(8, 4096))
    header.writeBigUInt64LE(BigInt(version), 4)
    write(`version-${version}.duckdb`, withChecksum(header), good.subarray(4096))
  }
  flip('bits.duckdb', good, 12, 4, 0, length)
  write('zeros.duckdb', new Uint8Array(20_000))
  write('sqlite.duckdb', Buffer.from('SQLite format 3\0'), new Uint8Array(4080))
  write('log-cut.duckdb', logged)
  write('log-cut.duckdb.wal', log.subarray(0, log.length >> 1))
  const damaged = Buffer.from(log)
  damaged[log.length >> 1]! ^= 8
  write('log-bits.duckdb', logged)
  write('log-bits.duckdb.wal', damaged)
  write('log-of-other.duckdb', good)
  write('log-of-other.duckdb.wal', log)
  mkdirSync(join(folder, 'folder.duckdb'))
}

await python(MAKE, [folder])
breakParquet()
await makeDatabases()
const files = readdirSync(folder).filter((name) => /\.(parquet|duckdb)$/.test(name) && !name.startsWith('folder'))

const logged: { readonly message: string; readonly cause: string }[] = []
const note = ({ err }: { err?: Error }, message: string) => logged.push({ message, cause: String(err?.cause ?? '') })
const catalog: Catalog = await openCatalog({
  sources: [
    ...files.map((name) => join(folder, name)),
    join(folder, 'parts/*.parquet'),
    join(folder, 'folder.parquet'),
    join(folder, 'folder.duckdb'),
  ],
  spatialExtension: SPATIAL_EXTENSION,
  log: { info: note, warn: note },
})
await catalog.checked
const problems = catalog.problems()
afterAll(async () => {
  await catalog.close()
  rmSync(folder, { recursive: true })
})

/** Words of the engine, of its libraries and of this program's own SQL, and paths. */
const ENGINE_WORDS =
  /Error\b|Exception|TProtocol|TType|thrift|Referenced column|Candidate|Binder|Catalog|No function matches|st_[a-z]|read_parquet|SELECT|GDAL|PROJJSON|SHAPE_RESTORE|Snappy|mbedtls|VARCHAR|BIGINT|DOUBLE|STRUCT|INTEGER|\bduckdb\b|database disk image|std::|\bat (?:position|byte)|undefined|NaN|\/\w+\/|\.wal\b/
/** The remedy is the last part of a reason. */
const REMEDY =
  /[:;] (?:if .*)?(?:write|copy|replace|serve|give|name|export|close|open|add|make|mend|bring|correct|remove|split|import|sub-folders|only tables are served)\b/

test('every file is a layer, or a problem: none vanishes', () => {
  expect(files.length).toBeGreaterThan(120)
  const served = new Set(catalog.layers().flatMap(({ relation }) => (relation.kind === 'parquet' ? relation.files : [])))
  const named = (name: string) => problems.some(({ source }) => source === name) || served.has(join(folder, name))
  const isTable = (name: string) =>
    name.endsWith('.duckdb') && catalog.access().databases.some(({ path }) => path === join(folder, name))
  expect(files.filter((name) => !named(name) && !isTable(name))).toEqual([])
})

test('no reason has a word of the engine, each says something and what to do', () => {
  expect(problems.length).toBeGreaterThan(90)
  expect(problems.filter(({ reason }) => ENGINE_WORDS.test(reason))).toEqual([])
  expect(problems.filter(({ reason }) => !REMEDY.test(reason) || reason.length < 20)).toEqual([])
})

test('the log has the same words, and the engine’s own as their cause', () => {
  expect(logged.filter(({ message }) => ENGINE_WORDS.test(message.replace(/^.*?: /, '')))).toEqual([])
  const causes = logged.filter(({ cause }) => /(?:Error|Exception): /.test(cause))
  expect(causes.length).toBeGreaterThan(30)
})

test('files that are only odd are served without a problem', () => {
  const odd = files.filter((name) => name.startsWith('served-'))
  expect(odd.length).toBeGreaterThan(12)
  expect(problems.filter(({ source }) => odd.includes(source) && source !== 'served-log-of-index.duckdb')).toEqual([])
})

test.each([
  ['cut-0.parquet', 'it is not Parquet, although its name says so: write it again, or rename it'],
  ['cut-100.parquet', 'it has no Parquet footer: it is cut short, or still being written; copy the whole file again'],
  [
    'footer-zero.parquet',
    'it is corrupt: its Parquet metadata cannot be read; replace it by an undamaged copy, or write it again',
  ],
  ['encrypted-footer.parquet', 'it is encrypted: serve a copy without encryption'],
  [
    'metadata-encoding.parquet',
    'its GeoParquet metadata is not as the specification says: write it as GeoParquet, e.g. with GeoPandas or ogr2ogr',
  ],
  [
    'type-number.parquet',
    'its column geometry is of type int64, which holds no geometry of encoding wkb; write it as GeoParquet, e.g. with GeoPandas or ogr2ogr',
  ],
  [
    'geometry-curve.parquet',
    'it is not served: a value of its column geometry cannot be read safely (row 0, counted from 0): mend them in the source, or remove their rows',
  ],
  [
    'far.parquet',
    'its CRS is OGC:CRS84 (degrees), but its coordinates reach 652469: give the layer its `crs` in the configuration',
  ],
  ['cut-12300.duckdb', 'it is cut short: copy the whole file again'],
  ['version-51.duckdb', 'it was written by another version of DuckDB: export it with that one, or serve it as GeoParquet'],
  ['version-99.duckdb', 'it was written by another version of DuckDB: export it with that one, or serve it as GeoParquet'],
  ['encrypted.duckdb', 'it is encrypted: serve a copy without encryption'],
  ['log-bits.duckdb', 'the write-ahead log beside it is corrupt: replace it by an undamaged copy, or write it again'],
  ['no-tables.duckdb', 'it holds no table: add one, or import the data (geoduck import)'],
])('%s: %s', (source, reason) => expect(problemOf(catalog, source)).toBe(reason))

test.each([
  'Binder Error: Referenced column "x" not found in FROM clause!\nCandidate bindings: "y"',
  'Catalog Error: Table with name t does not exist!',
  'Invalid Input Error: Could not parse /srv/data/x.parquet',
  'IO Error: GDAL Error (4): Unable to open /srv/x.shx. Set SHAPE_RESTORE_SHX config option to YES to restore or create it.',
  'IO Error: Could not open GDAL dataset at: /srv/x.gpkg',
  'invalid TType',
  'database disk image is malformed',
  'std::bad_alloc',
  '',
])('an error of the engine that nobody has met has a general reason: %s', (message) => {
  const reason = reasonOf(new Error(message))
  expect(reason).not.toMatch(ENGINE_WORDS)
  expect(reason).toMatch(REMEDY)
})

test('no file was changed or created beside the sources', () => {
  expect(existsSync(join(folder, 'served-good.duckdb.wal'))).toBe(false)
})
