/** Statements that must have no effect, even if a worker runs them. */
import { SPATIAL_EXTENSION } from '../../support/spatial-extension.ts'

export interface Place {
  /** Absolute path of a file beside the one that is served. */
  readonly here: (name: string) => string
  /** On a server that is listened to. */
  readonly url: (name: string) => string
  /** Absolute path of the file that is served. */
  readonly served: string
}

/** Statements by what is denied. */
export const DENIED: Readonly<Record<string, (place: Place) => readonly string[]>> = {
  'files that are not served': ({ here, url, served }) => [
    `SELECT * FROM '${here('other.parquet')}'`,
    `SELECT * FROM read_parquet('${here('*.parquet')}')`,
    `SELECT * FROM read_parquet('${here('temp/../other.parquet')}')`,
    `SELECT * FROM parquet_metadata('${here('other.parquet')}')`,
    `SELECT * FROM parquet_schema('${here('other.parquet')}')`,
    `SELECT * FROM read_csv('${here('other.csv')}')`,
    `SELECT * FROM read_csv_auto('/etc/passwd')`,
    `SELECT * FROM sniff_csv('${here('other.csv')}')`,
    `SELECT * FROM read_json('${here('other.csv')}')`,
    `SELECT * FROM read_text('/etc/passwd')`,
    `SELECT * FROM read_text('/proc/self/environ')`,
    `SELECT * FROM read_blob('${here('other.parquet')}')`,
    ...['shp', 'geojson', 'gpkg', 'fgb', 'csv'].flatMap((ending) => [
      `SELECT * FROM ST_Read('${here(`other.${ending}`)}')`,
      `SELECT * FROM ST_Read_Meta('${here(`other.${ending}`)}')`,
    ]),
    `SELECT * FROM ST_Read('/vsigzip/${here('other.geojson.gz')}')`,
    `SELECT * FROM ST_Read('/vsizip/${here('other.zip')}/other.geojson')`,
    `SELECT * FROM ST_Read('/vsisubfile/0,${here('other.geojson')}')`,
    `SELECT * FROM ST_Read('GeoJSON:${here('other.geojson')}')`,
    `SELECT * FROM ST_Read('<OGRVRTDataSource><OGRVRTLayer name="other"><SrcDataSource>${here('other.geojson')}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>')`,
    `SELECT * FROM ST_Read('/vsicurl/${url('st-read')}')`,
    `SELECT * FROM ST_ReadSHP('${here('other.shp')}')`,
    `SELECT * FROM ST_ReadOSM('${here('other.osm.pbf')}')`,
    "SET VARIABLE f = '/etc/passwd'; SELECT * FROM read_text(getvariable('f'))",
    ...['parquet_file_metadata', 'parquet_kv_metadata', 'parquet_full_metadata'].map(
      (name) => `SELECT * FROM ${name}('${here('other.parquet')}')`,
    ),
    ...['file:', 'file://', 'file:///'].map((scheme) => `SELECT * FROM read_blob('${scheme}${here('other.parquet')}')`),
    `SELECT * FROM read_parquet(['${served}', '${here('other.parquet')}'])`,
    `SELECT * FROM read_parquet('${here('s*.parquet')}')`,
    ...['read_json_objects', 'read_ndjson', 'read_ndjson_objects'].map((name) => `SELECT * FROM ${name}('/etc/passwd')`),
    "SELECT * FROM read_blob('/proc/self/maps')",
    "SELECT * FROM read_csv('/dev/stdin')",
    "SELECT * FROM read_csv('pipe:ls |')",
    `SELECT * FROM read_duckdb('${here('other.duckdb')}', table_name = 'things')`,
    `SELECT * FROM query('FROM read_text(''/etc/passwd'')')`,
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''/etc/passwd'')'))",
    "SUMMARIZE FROM read_csv('/etc/passwd')",
    "SELECT * FROM ST_Read('/vsistdin/')",
    "SELECT * FROM ST_Read('WFS:http://127.0.0.1')",
  ],
  'lists of files': ({ here }) => [
    `SELECT * FROM glob('${here('*')}')`,
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM glob('/proc/self/*')",
    'SELECT * FROM duckdb_extensions()',
    'SELECT * FROM duckdb_secrets()',
  ],
  'writing files': ({ here, served }) => [
    `COPY (SELECT 1) TO '${here('out.csv')}'`,
    `COPY (SELECT 1) TO '${here('out.parquet')}' (FORMAT parquet)`,
    `COPY (SELECT 1) TO '${served}' (FORMAT parquet, OVERWRITE true)`,
    `COPY (SELECT ST_Point(1, 2) AS g) TO '${here('out.gpkg')}' (FORMAT gdal, DRIVER 'GPKG')`,
    `EXPORT DATABASE '${here('export')}'`,
    `IMPORT DATABASE '${here('export')}'`,
    `SET profiling_output = '${here('profile.json')}'`,
    `SET log_query_path = '${here('log.sql')}'`,
    `PRAGMA import_database('${here('export')}')`,
  ],
  'other databases': ({ here, url }) => [
    `ATTACH '${here('other.duckdb')}'`,
    `ATTACH '${here('other.duckdb')}' (READ_ONLY)`,
    `ATTACH '${here('new.duckdb')}'`,
    `ATTACH '${here('store.duckdb')}' AS writable`,
    `ATTACH '${here('other.sqlite')}' (TYPE sqlite)`,
    `ATTACH 'host=127.0.0.1' (TYPE postgres)`,
    `ATTACH '${url('remote.duckdb')}'`,
  ],
  'changes of what is served': () => [
    'INSERT INTO db_store.things VALUES (1)',
    'UPDATE db_store.things SET a = 1',
    'DELETE FROM db_store.things',
    'DROP TABLE db_store.things',
    'CREATE TABLE db_store.more (a INTEGER)',
    'ALTER TABLE db_store.things ADD COLUMN b INTEGER',
    'CREATE INDEX i ON db_store.things (a)',
  ],
  extensions: ({ here, url }) => [
    'INSTALL httpfs',
    'FORCE INSTALL spatial',
    `INSTALL spatial FROM '${url('extensions')}'`,
    'LOAD httpfs',
    `LOAD '${SPATIAL_EXTENSION.replace('spatial', 'postgres_scanner')}'`,
    `LOAD '${here('evil.duckdb_extension')}'`,
    'UPDATE EXTENSIONS',
  ],
  'the network': ({ url }) => [
    `SELECT * FROM '${url('data.parquet')}'`,
    `SELECT * FROM read_parquet('${url('data.parquet')}')`,
    `SELECT * FROM read_csv('${url('data.csv')}')`,
    `SELECT * FROM read_text('${url('data.txt')}')`,
    `SELECT * FROM read_parquet('s3://bucket/data.parquet')`,
    `SELECT * FROM ST_Read('${url('data.geojson')}')`,
    `COPY (SELECT 1) TO '${url('out.csv')}'`,
  ],
  secrets: () => [
    "CREATE SECRET s (TYPE s3, KEY_ID 'x', SECRET 'y')",
    "CREATE PERSISTENT SECRET s (TYPE http, BEARER_TOKEN 'x')",
    "SELECT getenv('SECRET')",
  ],
  settings: () =>
    SETTINGS.flatMap(([name, value]) => [`SET ${name} = ${value}`, `SET GLOBAL ${name} = ${value}`, `RESET ${name}`]),
  'setting by another way': () => [
    "PRAGMA memory_limit = '100GB'",
    "PRAGMA profile_output = '/tmp/profile.json'",
    "PRAGMA disabled_optimizers = 'filter_pushdown'",
  ],
}

/**
 * Not among them: `threads`, which the serial lane's last try lowers, and the connection's streaming buffer, cache of footers and profiler. Without
 * the cache, the engine reads footers again, and has the same rows.
 */
const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['lock_configuration', 'false'],
  ['allowed_configs', "['threads']"],
  ['enable_external_access', 'true'],
  ['allowed_paths', "['/etc/passwd']"],
  ['allowed_directories', "['/']"],
  ['memory_limit', "'100GB'"],
  ['temp_directory', "'/etc'"],
  ['max_temp_directory_size', "'1TB'"],
  ['extension_directory', "'/tmp'"],
  ['custom_extension_repository', "'http://127.0.0.1'"],
  ['allow_unsigned_extensions', 'true'],
  ['allow_community_extensions', 'true'],
  ['autoload_known_extensions', 'true'],
  ['autoinstall_known_extensions', 'true'],
  ['disabled_filesystems', "''"],
  ['geometry_always_xy', 'false'],
  ['TimeZone', "'Asia/Tokyo'"],
  ['preserve_insertion_order', 'false'],
  ['enable_progress_bar', 'true'],
  ['home_directory', "'/'"],
  ['secret_directory', "'/tmp'"],
  ['logging_level', "'debug'"],
  ['default_order', "'DESC'"],
  ['default_collation', "'NOCASE'"],
]

/** Statements that the engine's lock allows and an execution refuses, because they change served files or affect other executions. */
export const NO_QUERIES = ({ here, served }: Place): readonly string[] => [
  `COPY (SELECT 1) TO '${served}' (FORMAT csv, USE_TMP_FILE false)`,
  `COPY (SELECT 1) TO '${served}' (FORMAT parquet, USE_TMP_FILE false)`,
  `COPY (SELECT 1) TO '${here('store.duckdb')}' (FORMAT csv, USE_TMP_FILE false)`,
  `COPY (SELECT 1) TO '${here('temp/out.csv')}'`,
  `ATTACH '${here('temp/new.duckdb')}' AS new`,
  "ATTACH ':memory:' AS more",
  'DETACH db_store',
  'CREATE TABLE memory.t AS SELECT 1',
  'CREATE TEMP TABLE t AS SELECT 1',
  'CREATE MACRO m() AS 1',
  'CREATE VIEW v AS SELECT 1',
  'CREATE SCHEMA s',
  'SET GLOBAL threads = 64',
  "SET streaming_buffer_size = '100GB'",
  "SET VARIABLE x = '1'",
  'RESET threads',
  "PRAGMA add_parquet_key('k', '0123456789112345')",
  'PRAGMA enable_verification',
  'PRAGMA disable_optimizer',
  'FORCE CHECKPOINT',
  'VACUUM',
  'BEGIN',
  'PREPARE p AS SELECT 1',
  'SELECT 1; SELECT 2',
  `SELECT 1; COPY (SELECT 1) TO '${served}' (FORMAT csv, USE_TMP_FILE false)`,
]
