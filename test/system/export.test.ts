/** `geoduck export`, as it is called from a shell. Independent readers compare each file with its source. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../fixtures/index.ts'
import { ROOT } from '../support/environment.ts'
import { runProgram } from '../support/program.ts'
import { python } from '../support/python.ts'
import { SPATIAL_EXTENSION } from '../support/spatial-extension.ts'

/** A layer with a column of each type, and its awkward values. */
const TYPES = `
import datetime, decimal, sys
import geopandas as gpd, pyarrow as pa, pyarrow.parquet as pq, shapely
folder = sys.argv[1]
utc = datetime.timezone.utc
D, T = datetime.date, datetime.datetime
columns = {
    'id': pa.array([1, 2, 3, 4], pa.int64()),
    'i16': pa.array([-300, None, 0, 32767], pa.int16()),
    'i64': pa.array([2**53 + 1, -(2**53) - 1, None, 0], pa.int64()),
    'u32': pa.array([4_000_000_000, None, 1, 2], pa.uint32()),
    'u64': pa.array([2**64 - 1, 1, None, 2], pa.uint64()),
    'double': pa.array([0.1, None, -123456789.125, 1e-7], pa.float64()),
    'yes': pa.array([True, False, None, True]),
    'a_long_name_of_a_text': pa.array(['Zürich 漢字', '', None, 'a "quoted", and\\\\nbroken <text> & more']),
    'day': pa.array([D(1960, 3, 1), D(2024, 2, 29), None, D(1969, 12, 31)]),
    'moment': pa.array([T(1960, 1, 1, 0, 0, 0, 123456), T(2024, 1, 1), None, T(1969, 12, 31, 23, 59, 59, 999000)], pa.timestamp('us')),
    'instant': pa.array([T(2024, 5, 1, 12, tzinfo=utc), None, T(1950, 1, 1, 1, 2, 3, tzinfo=utc), T(2000, 1, 1, tzinfo=utc)], pa.timestamp('us', 'UTC')),
    'price': pa.array([decimal.Decimal('12.34'), None, decimal.Decimal('-0.05'), decimal.Decimal('0.00')], pa.decimal128(10, 2)),
    'raw': pa.array([b'\\\\x00\\\\xff', b'abc', None, b'z']),
}
def write(name, shapes, crs, columns=columns):
    frame = gpd.GeoDataFrame({'geometry': shapes}, crs=crs)
    frame.to_parquet(f'{folder}/plain.parquet')
    geometry = pq.read_table(f'{folder}/plain.parquet')
    table = pa.table({**columns, 'geometry': geometry.column('geometry')}).replace_schema_metadata(geometry.schema.metadata)
    pq.write_table(table, f'{folder}/{name}.parquet')
write('types', [shapely.Point(700000, 6600000), None, shapely.Point(700001.5, 6600001.25), shapely.Point(0, 6600000)], 'EPSG:2154')
hole = shapely.Polygon([(0, 0), (9, 0), (9, 9), (0, 9)], [[(1, 1), (1, 2), (2, 2), (2, 1)]])
ids = {'id': columns['id'], 'text': pa.array(['a', 'b', 'c', 'd'])}
write('polygons', [hole, shapely.MultiPolygon([hole, shapely.box(20, 20, 21, 21)]), shapely.Polygon(), None], 'EPSG:4326', ids)
write('heights', [shapely.Point(1, 2, 3), shapely.Point(4, 5, -6.5), shapely.Point(7, 8, 0), shapely.Point(1, 1, 1)], 'EPSG:4326', ids)
write('mixture', [shapely.Point(1, 2), shapely.LineString([(0, 0), (1, 1)]), hole, shapely.GeometryCollection([shapely.Point(1, 1), shapely.LineString([(0, 0), (1, 1)])])], 'EPSG:4326', ids)
write('huge', [shapely.Point(n, n) for n in range(4)], 'EPSG:4326', {'id': columns['id'], 'text': pa.array(['x' * 300, None, 'ü' * 100, '']),
    'count': pa.array([10**18, 1, 2, 3], pa.int64()), 'size': pa.array([1e300, 1, 2, 3])})
import os; os.remove(f'{folder}/plain.parquet')
print('null')
`

let folder: string
let compare: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'geoduck-export-test-'))
  compare = await readFile(join(ROOT, 'test/support/exported.py'), 'utf8')
  await python(TYPES.replaceAll('\\\\', '\\'), [folder])
})
afterAll(() => rm(folder, { recursive: true }))

async function run(...args: string[]) {
  const environment = {
    XDG_CACHE_HOME: folder,
    GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION,
    GEODUCK_TEMP_DIRECTORY: folder,
    GEODUCK_TEMP_LIMIT: '1GB',
  }
  return await runProgram(process.execPath, [join(ROOT, 'src/main.ts'), 'export', ...args], { environment })
}

/** Exports a layer of the fixtures, and returns the file. */
async function exported(layer: string, ending: string, ...args: string[]): Promise<string> {
  const out = join(folder, `${layer}-out.${ending}`)
  const { code, stdout, stderr } = await run(
    join(folder, `${layer}.parquet`),
    '--layer',
    layer,
    '--out',
    out,
    '--replace',
    ...args,
  )
  expect([
    code,
    stderr
      .split('\n')
      .filter((line) => !/^(reading|writing)/.test(line))
      .join('\n'),
  ]).toEqual([0, ''])
  expect(stdout).toMatch(new RegExp(`^exported [\\d,]+ features of ${layer} to `))
  return out
}

interface Compared {
  readonly rows: number
  readonly differences: readonly unknown[]
  readonly order: readonly number[]
}

const compared = (layer: string, file: string) => python<Compared>(compare, [join(folder, `${layer}.parquet`), file])

const FINISHED = ['parquet', 'fgb', 'gpkg', 'shp.zip', 'kml']

describe('an export', () => {
  it.each(FINISHED)('as .%s has every value, null, date, name and geometry, and the CRS', async (ending) => {
    const { rows, differences } = await compared('types', await exported('types', ending))
    expect([rows, differences]).toEqual([4, []])
  })

  it.each(FINISHED)('as .%s has polygons with holes, multipolygons, and none', async (ending) => {
    expect((await compared('polygons', await exported('polygons', ending))).differences).toEqual([])
  })

  it.each(['parquet', 'gpkg', 'shp.zip', 'kml'])('as .%s keeps heights', async (ending) => {
    expect((await compared('heights', await exported('heights', ending))).differences).toEqual([])
  })

  it.each(['parquet', 'fgb', 'gpkg', 'kml'])('as .%s takes a mixture of geometries', async (ending) => {
    expect((await compared('mixture', await exported('mixture', ending))).differences).toEqual([])
  })

  it.each(['parquet', 'gpkg', 'shp.zip', 'kml'])('as .%s is in the order that is requested', async (ending) => {
    const order = '[{"property": "id", "direction": "DESC"}]'
    expect((await compared('heights', await exported('heights', ending, '--order-by', order))).order).toEqual([4, 3, 2, 1])
  })

  it('in a format that streams is the same as a download', async () => {
    const lines = (await readFile(await exported('polygons', 'geojsonl'), 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line).id)).toEqual(['1', '2', '3', '4'])
    const { features } = JSON.parse(await readFile(await exported('polygons', 'geojson'), 'utf8'))
    expect(features).toEqual(lines.map((line) => JSON.parse(line)))
    const csv = await readFile(await exported('polygons', 'csv', '--only', 'text', '--limit', '1'), 'utf8')
    expect(csv).toMatch(/^id,text,WKT\r\n1,a,"POLYGON \(\(0 0, /)
    expect(tableFromIPC(await readFile(await exported('polygons', 'arrows'))).numRows).toBe(4)
  })

  it('has the features that match a filter, in another CRS, with some properties', async () => {
    const file = await exported(
      'types',
      'gpkg',
      '--where',
      '{"property": {"name": "id", "lte": "2"}}',
      '--crs',
      'OGC:CRS84',
      '--only',
      'yes',
    )
    const read = `
import json, sys, pyogrio
frame = pyogrio.read_dataframe(sys.argv[1])
point = frame.geometry[0]
print(json.dumps([list(frame.columns), frame.crs.to_epsg(), len(frame), round(point.x, 1), round(point.y, 1)]))
`
    expect(await python(read, [file])).toEqual([['id', 'yes', 'geometry'], 4326, 2, 3, 46.5])
  })

  it('as .parquet is GeoParquet 1.1 along a Hilbert curve, so that a row group is a place', async () => {
    const out = join(folder, 'observations.parquet')
    await run(join(ROOT, '.geoduck/demo/observations.parquet'), '--layer', 'observations', '--out', out)
    const program = `
import json, sys, pyarrow.parquet as pq
file = pq.ParquetFile(sys.argv[1])
geo = json.loads(file.schema_arrow.metadata[b'geo'])
boxes = []
for n in range(file.num_row_groups):
    group = file.metadata.row_group(n)
    sides = {group.column(c).path_in_schema: group.column(c).statistics for c in range(group.num_columns)}
    boxes.append((sides['bbox.xmax'].max - sides['bbox.xmin'].min) * (sides['bbox.ymax'].max - sides['bbox.ymin'].min) / (360 * 180))
print(json.dumps([geo['version'], geo['columns']['geometry']['covering']['bbox']['xmin'], file.metadata.num_rows, sum(boxes) / len(boxes)]))
`
    const [version, covering, rows, area] = await python<[string, string[], number, number]>(program, [out])
    expect([version, covering, rows]).toEqual(['1.1.0', ['bbox', 'xmin'], 200_000])
    expect(area).toBeLessThan(0.2)
  })

  describe('of a table without geometry', () => {
    const write = async (ending: string) => {
      const csv = join(folder, 'words.csv')
      await writeFile(csv, 'word,count,geom\na,1,x\nb,,\n,3,z\n')
      const out = join(folder, `words.${ending}`)
      return { out, ...(await run(csv, '--layer', 'words', '--out', out, '--replace')) }
    }
    const read = `
import json, sys, pyarrow.parquet as pq, pyogrio
file = sys.argv[1]
if file.endswith('.parquet'):
    table, kind, layers = pq.read_table(file), None, []
else:
    meta, table = pyogrio.read_arrow(file)
    kind, layers = meta['geometry_type'], pyogrio.list_layers(file).tolist()
columns = {name: table.column(name).to_pylist() for name in table.column_names}
print(json.dumps([columns['word'], columns['count'], columns['geom'], kind, layers, sorted(columns)]))`

    it.each([
      ['parquet', null, []],
      ['gpkg', null, [['words', null]]],
      ['shp.zip', null, [['words', null]]],
      ['fgb', 'Unknown', [['words', 'Unknown']]],
    ] as const)('as .%s has its columns', async (ending, kind, layers) => {
      const { out, code } = await write(ending)
      expect(code).toBe(0)
      const [words, counts, geoms, foundKind, foundLayers] = await python<unknown[]>(read, [out])
      expect([words, counts, geoms]).toEqual([
        ['a', 'b', null],
        [1, null, 3],
        ['x', null, 'z'],
      ])
      expect([foundKind, foundLayers]).toEqual([kind, layers])
    })

    it('as .gpkg is a table of attributes, which is valid for SQLite', async () => {
      const { out } = await write('gpkg')
      const database = new DatabaseSync(out, { readOnly: true })
      const all = (sql: string) =>
        database
          .prepare(sql)
          .all()
          .map((row) => Object.values(row))
      expect(all('SELECT table_name, data_type, min_x FROM gpkg_contents')).toEqual([['words', 'attributes', null]])
      expect(all('SELECT count(*) FROM gpkg_geometry_columns')).toEqual([[0]])
      expect(all("SELECT name FROM pragma_table_info('words')").flat()).toEqual(['fid', 'id', 'word', 'count', 'geom'])
      expect(all('PRAGMA integrity_check')).toEqual([['ok']])
      database.close()
    })

    it.each([
      ['kml', 'UNSUPPORTED: KML shows places, and a table without geometry has none: use .gpkg, .parquet or .csv.'],
      ['pmtiles', 'BAD_INPUT: Layer "words" is a table, which has no geometry, so it has no tiles.'],
    ])('as .%s is refused', async (ending, message) => {
      const { code, stderr } = await write(ending)
      expect([code, stderr]).toEqual([1, expect.stringContaining(message)])
    })
  })
})

describe('an export is refused, and writes nothing,', () => {
  it.each([
    [
      'a mixture of geometries in a Shapefile',
      'mixture',
      ['--out', 'x.shp.zip'],
      'UNSUPPORTED: A Shapefile has one type of geometry',
    ],
    ['heights in a FlatGeobuf', 'heights', ['--out', 'x.fgb'], 'UNSUPPORTED: A .fgb file would lose heights'],
    [
      'a long text in a Shapefile',
      'huge',
      ['--out', 'x.shp.zip', '--only', 'text'],
      'text of more than 254 bytes, which `text` has',
    ],
    [
      'a long integer in a Shapefile',
      'huge',
      ['--out', 'x.shp.zip', '--only', 'count'],
      'integers of more than 18 digits, which `count` has',
    ],
    ['a large number in a Shapefile', 'huge', ['--out', 'x.shp.zip', '--only', 'size'], 'numbers from 1e15 on, which `size` has'],
    ['KML in metres', 'types', ['--out', 'x.kml', '--crs', 'EPSG:2154'], 'BAD_INPUT: KML is longitude and latitude'],
    ['an unknown layer', 'types', ['--out', 'x.csv', '--layer', 'typs'], 'LAYER_NOT_FOUND'],
    ['an unknown property', 'types', ['--out', 'x.gpkg', '--only', 'dy'], 'BAD_INPUT: `only` names `dy`'],
    ['an unknown ending', 'types', ['--out', 'x.xlsx'], 'No format has the ending of'],
    [
      'an argument of another format',
      'types',
      ['--out', 'x.gpkg', '--precision', '3'],
      'BAD_INPUT: A download takes no `precision`',
    ],
    ['a file that exists', 'types', ['--out', 'types.parquet'], 'exists: --replace puts the export in its place.'],
    ['a folder that is missing', 'types', ['--out', 'no/x.gpkg'], 'cannot be written to (ENOENT)'],
  ])('for %s', async (_, layer, args, message) => {
    const before = (await readdir(folder)).sort()
    const given = args.map((arg, n) => (args[n - 1] === '--out' ? join(folder, arg) : arg))
    const { code, stderr } = await run(join(folder, `${layer}.parquet`), '--layer', layer, ...given)
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)])
    expect((await readdir(folder)).sort()).toEqual(before)
  })
})

it('layers with every type of geometry and of column can be written as .gpkg and .parquet', async () => {
  for (const name of ['parquet_shapesz', 'parquet_types']) {
    for (const ending of ['gpkg', 'parquet']) {
      const out = join(folder, `${name}.${ending}`)
      const { code, stderr } = await run(await fixture(`round-trip/${name}.parquet`), '--layer', name, '--out', out)
      expect([code, name, ending, code === 0 ? '' : stderr]).toEqual([0, name, ending, ''])
    }
  }
})

it('an export that is interrupted leaves nothing', async () => {
  const environment = { XDG_CACHE_HOME: folder, GEODUCK_SPATIAL_EXTENSION: SPATIAL_EXTENSION, GEODUCK_TEMP_DIRECTORY: folder }
  const out = await mkdtemp(join(folder, 'interrupted-'))
  const args = [join(ROOT, 'src/main.ts'), 'export', join(ROOT, '.geoduck/demo/observations.parquet')]
  const { PATH, HOME } = process.env
  const child = spawn(process.execPath, [...args, '--layer', 'observations', '--out', join(out, 'x.kml')], {
    env: { PATH, HOME, ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
    if (text.includes('writing the file')) child.kill('SIGINT')
  })
  const [code] = await once(child, 'close')
  expect([code, stderr]).toEqual([1, expect.stringContaining('Stopped: nothing was written.')])
  expect(await readdir(out)).toEqual([])
})
