/** The layers as PostGIS tables, and the functions by which PostGraphile answers. */
const TABLES = {
  buildings:
    'id bigint PRIMARY KEY, name text, class text, height float8, levels integer, built_year integer, geom geometry(Polygon, 4326)',
  places: 'id bigint PRIMARY KEY, name text, category text, value float8, ts timestamp, geom geometry(Point, 4326)',
  parcels:
    'id bigint PRIMARY KEY, name text, zone text, value float8, area_m2 float8, updated timestamp, geom geometry(Polygon, 4326)',
}

/** PostGraphile has a type `Point` already. */
export const TABLE_OF = { buildings: 'buildings', points: 'places', parcels: 'parcels' } as const

export const CREATE = [
  'CREATE EXTENSION postgis',
  ...Object.entries(TABLES).map(([name, columns]) => `CREATE TABLE ${name} (${columns})`),
]

const spatial = [...Object.keys(TABLES), 'buildings_plain'].map((table) => `CREATE INDEX ON ${table} USING gist (geom)`)

/** `buildings_plain` has no index on text. */
export const INDEX = [
  'CREATE TABLE buildings_plain (LIKE buildings INCLUDING INDEXES)',
  'INSERT INTO buildings_plain TABLE buildings',
  ...spatial,
  'CREATE INDEX ON buildings (name)',
  'CREATE INDEX ON buildings (class, name)',
  ...['buildings', 'places', 'buildings_plain'].flatMap(functions),
  ...moving(),
  'VACUUM ANALYZE',
]

function functions(table: string): string[] {
  const define = (name: string, parameters: string, result: string, body: string) =>
    `CREATE FUNCTION ${table}_${name}(${parameters}) RETURNS ${result} LANGUAGE sql STABLE AS $f$ ${body} $f$`
  const rows = (name: string, parameters: string, condition: string) =>
    define(name, parameters, `SETOF ${table}`, `SELECT * FROM ${table} t WHERE ${condition}`)
  const box = 'ST_Intersects(geom, ST_MakeEnvelope(west, south, east, north, 4326))'
  return [
    // PostGraphile parses json and prints it again: with json it answered 55 boxes per second, and with text 76.
    define('geojson', `feature ${table}`, 'text', 'SELECT ST_AsGeoJSON(feature.geom, 7)'),
    rows('box', 'west float8, south float8, east float8, north float8', box),
    ...(table === 'places'
      ? []
      : [
          rows('named', 'wanted text', 't.name = wanted'),
          rows('page', 'wanted text, lowest float8', 't.class = wanted AND t.height >= lowest ORDER BY t.name LIMIT 100'),
        ]),
  ]
}

/** A table that notifies of each write. */
function moving(): string[] {
  return [
    'CREATE TABLE vehicles (id integer PRIMARY KEY, at float8, geom geometry(Point, 4326))',
    'CREATE INDEX ON vehicles USING gist (geom)',
    `CREATE FUNCTION vehicle_moved() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN
       PERFORM pg_notify('vehicles', json_build_object('rowId', NEW.id, 'at', NEW.at, 'geojson', ST_AsGeoJSON(NEW.geom))::text);
       RETURN NEW;
     END $f$`,
    'CREATE TRIGGER moved AFTER INSERT OR UPDATE ON vehicles FOR EACH ROW EXECUTE FUNCTION vehicle_moved()',
    `CREATE FUNCTION move_vehicle(vehicle integer, moment float8, x float8, y float8) RETURNS void LANGUAGE sql VOLATILE AS $f$
       INSERT INTO vehicles VALUES (vehicle, moment, ST_SetSRID(ST_MakePoint(x, y), 4326))
       ON CONFLICT (id) DO UPDATE SET at = excluded.at, geom = excluded.geom $f$`,
  ]
}
