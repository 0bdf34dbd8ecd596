/** Copies of CSV files hold what the files hold. Copies are read by pyarrow, and text is compared with Python's csv module. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { SHARED } from '../../../support/environment.ts'
import { python } from '../../../support/python.ts'
import { layerOf, problemOf, testCatalog } from '../support.ts'

const folder = await mkdtemp(join(tmpdir(), 'geoduck-csv-'))
const CASES = ['csv-dates/ambigdates', 'csv-dates/date2y', 'csv-messages/empty', 'csv-messages/geojsoncol', 'csv-messages/hexwkb']
  .concat(['csv-messages/lasthalf', 'csv-messages/ragged_short', 'csv-messages/wktcurve'])
  .map((name) => `${name}.csv`)

const utf16 = (text: string) => Buffer.from(text, 'utf16le')
const nested = (depth: number) =>
  `"${`${'{"type":"GeometryCollection","geometries":['.repeat(depth)}${']}'.repeat(depth)}`.replaceAll('"', '""')}"`

/** One column of these values, beside coordinates. */
const column = (...values: string[]) => `v,lon,lat\n${values.map((value) => `${value},1,2\n`).join('')}`

const TYPES: Readonly<Record<string, readonly [type: string, values: readonly string[]]>> = {
  int32: ['int32', ['-2147483648', '2147483647', '0']],
  int64: ['int64', ['-9223372036854775808', '9223372036854775807']],
  integers_beyond_64_bits: ['decimal128(38, 0)', ['9223372036854775808', '-1', '99999999999999999999999999999999999999']],
  integers_beyond_38_digits: ['string', ['100000000000000000000000000000000000000', '1']],
  leading_zeros: ['string', ['007', '12']],
  plus: ['string', ['+49301234', '12']],
  exponents_of_codes: ['string', ['1E5', '2E7', '3']],
  hexadecimal: ['string', ['0x1F', '0x2F']],
  underscores: ['string', ['1_000', '2_000']],
  decimals: ['double', ['-12.50', '3', '.5', '0.1']],
  exponents_of_numbers: ['double', ['1.5e-7', '2E5']],
  shortest_decimals: ['double', ['0.30000000000000004', '1.0']],
  decimals_that_a_double_rounds: ['string', ['0.1234567890123456789', '1.5']],
  integers_that_a_double_rounds: ['string', ['9007199254740993', '0.5']],
  beyond_a_double: ['string', ['1.5e400', '1.5']],
  below_a_double: ['string', ['1.5e-400', '1.5']],
  not_a_number: ['string', ['NaN', '1.5', 'inf']],
  thousands: ['string', ['"1,000"', '"2,000"']],
  booleans: ['bool', ['true', 'FALSE', 'True']],
  yes_and_no: ['string', ['yes', 'no']],
  one_and_true: ['string', ['1', 'true']],
  dates: ['date32[day]', ['1969-12-31', '0001-01-01', '2024-02-29']],
  dates_that_do_not_exist: ['string', ['2021-02-30', '2021-02-28']],
  dates_and_more: ['string', ['2021-02-28', 'unknown']],
  times: ['timestamp[us]', ['1969-12-31T23:59:59', '2020-01-01 00:00:00.123456']],
  times_in_utc: ['timestamp[us, tz=UTC]', ['1969-12-31T23:59:59Z', '2020-01-01 00:00:00.5Z']],
  times_with_and_without_zone: ['string', ['2020-01-01T00:00:00Z', '2020-01-01T00:00:00']],
  times_with_offsets: ['string', ['2020-01-01T00:00:00+02:00', '2020-01-01T00:00:00+02:00']],
  times_of_nanoseconds: ['string', ['2020-01-01T00:00:00.123456789']],
  days_first: ['string', ['31/12/2020', '01/02/2021']],
  short_years: ['string', ['31.12.20', '01.02.21']],
  versions: ['string', ['1.2.3', '1.10.0']],
  no_values: ['string', ['', '']],
  blanks: ['int32', [' 5 ', '6', '']],
}

const ROWS = 'n,lon,lat\né,1,2\n€,3,4\n'
const FILES: Readonly<Record<string, string | Buffer>> = {
  ...Object.fromEntries(Object.entries(TYPES).map(([name, [, values]]) => [`type_${name}.csv`, column(...values)])),
  'late.csv': column(...Array.from({ length: 5000 }, (_, n) => String(n)), '007'),
  'quoted-empty.csv': 'text,number,lon,lat\n"","1",1,2\n,"",1,2\nx,3,"",""\n',
  'short.csv': 'a,lon,lat,note\n"two\nlines",1,2,x\n\ny,3,4\nz,5\n',
  'long.csv': 'a,lon,lat\nx,1,2\ny,3,4,more,\nz,5,6,7,8\n',
  'trailing.csv': 'a,lon,lat\nx,1,2,\ny,3,4,,\n',
  'far-too-long.csv': `a,lon,lat\nx,1,2\ny,3,4${',5'.repeat(500)}\n`,
  'torn.csv': 'a,lon,lat\nx,1,2\n"y"z,3,4\n',
  'open.csv': 'a,lon,lat\nx,1,2\n"y,3,4\nz,5,6\n',
  'no-bytes.csv': '',
  'blank-lines.csv': '\r\n\n',
  'no-header.csv': '1,2\n3,4\n',
  'other-names.csv': 'a,b\nc,d\n',
  'nul.csv': `a,lon,lat\n${'x,1,2\n'.repeat(20_000)}\0,3,4\n`,
  'words.csv': 'a,lon,lat\n"x\ny",1,2\nz,east,3\n,,\nw,5,\n',
  'beyond.csv': 'Lon,LAT\n1,2\n200,3\n',
  'metres.csv': 'x,y\n500000,5500000\n',
  'comma.csv': 'a;lon;lat;price\nx;2,35;48,85;12,50\ny;-3;4;1\n',
  'thousands.csv': 'x;y\n500.000,5;1\n',
  'many-digits.csv': 'lon,lat\n1.123456789012345678,+2\n',
  'names.csv': 'n,N,n,,lon,lat,LAT,\n1,2,3,4,5,6,7,8\n',
  'plain-names.csv': 'g,s,v0,v1,n,k,w,rowid,lon,lat\n1,2,3,4,5,6,7,8,9,10\n1,2,3,4,5,6,7,8,x,10\n',
  'one-column.csv': 'wkt\nPOINT (1 2)\n\n"POLYGON ((0 0, 1 1, 1 0, 0 0))"\n',
  'unquoted.csv': 'wkt\nPOLYGON ((0 0, 1 1, 1 0, 0 0))\n',
  'geometry.csv': [
    'id,geom',
    '1,"LINESTRING (0 0 5, 1 1 6)"',
    '2,point zm (1 2 3 4)',
    '3,"{""type"":""Point"",""coordinates"":[1,2,3]}"',
    '4,00000000013FF00000000000004000000000000000',
    '5,\\x0101000000000000000000F03F0000000000000040',
    '6,',
    '7,POINT (1 2) or so',
    '8,0104',
    `9,${nested(50)}`,
    `10,${nested(50_000)}`,
    '',
  ].join('\n'),
  'reasons.tsv': 'wkb\tid\n\t1\n0101000000000000000000F03F\t2\n',
  'curve-wkb.csv': 'id,wkb\n1,0108000000020000000000000000000000000000000000000000000000000000000000F03F\n',
  'srid.csv': 'id,wkt\n1,"SRID=25832;POINT (500000 5500000)"\n2,\n',
  'ewkb.csv': 'id,geom\n1,0101000020E8640000000000000000F03F0000000000000040\n',
  'srids.csv': 'id,wkt\n1,SRID=25832;POINT (5 5)\n2,POINT (1 2)\n',
  'unknown-srid.csv': 'id,wkt\n1,SRID=999999;POINT (5 5)\n',
  'beyond-srid.csv': 'id,wkt\n1,SRID=4326;POINT (500000 5)\n',
  'utf8-bom.csv': `\ufeff${ROWS}`,
  'utf16le.csv': utf16(`\ufeff${ROWS}`),
  'utf16be.csv': utf16(`\ufeff${ROWS}`).swap16(),
  'utf16-torn.csv': Buffer.concat([utf16(`\ufeff${ROWS}`), Buffer.from([0, 0xd8, 0x41, 0])]),
  'utf16-bare.csv': utf16(ROWS),
  'windows.csv': Buffer.from('n,lon,lat\n\xe9,1,2\n\x80,3,4\n', 'latin1'),
  'returns.csv': ROWS.replaceAll('\n', '\r'),
  'mixed-breaks.csv': 'n,lon,lat\r\né,1,2\n€,3,4\r',
  'sep.csv': `sep=;\n${ROWS.replaceAll(',', ';')}`,
  'pipes.csv': ROWS.replaceAll(',', '|'),
  'apostrophes.csv': "'n','lon','lat'\n'é','1','2'\n'€','3','4'\n",
  'loose.csv': 'n, lon, lat\n "é" , 1, 2\n€, 3, 4\n',
  'backslashes.csv': 'n,lon,lat\n"a \\"b\\", c",1,2\n',
  'large.csv': `id,wkt\n1,"LINESTRING (${Array.from({ length: 300_000 }, (_, n) => `${n} ${n + 1}`).join(', ')})"\n2,POINT (1 2)\n`,
}

/** Writes files of every dialect with the same random text. */
const DIALECTS = `
import csv, itertools, json, random, sys
random.seed(7)
alphabet = ['a', 'é', '€', '😀', ' ', ',', ';', '|', '\\t', '"', '""', "'", '\\\\', '0', '-', '{']
text = lambda: 'x' + ''.join(random.choice(alphabet + ['\\n', '\\r\\n']) for _ in range(random.randrange(12)))
rows = [[text(), text(), str(n % 90), str(n % 80)] for n in range(300)]
names = []
for (d, delimiter), (q, quoting), (l, end) in itertools.product({'comma': ',', 'semicolon': ';', 'tab': '\\t', 'pipe': '|'}.items(),
    {'all': csv.QUOTE_ALL, 'minimal': csv.QUOTE_MINIMAL}.items(), {'lf': '\\n', 'crlf': '\\r\\n'}.items()):
  names.append(f'dialect_{d}_{q}_{l}')
  with open(f'{sys.argv[1]}/{names[-1]}.csv', 'w', newline='', encoding='utf8') as file:
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerow(['first', 'second', 'lon', 'lat'])
    writer.writerows(rows)
print(json.dumps(names))`

const dialects = await python<string[]>(DIALECTS, [folder])
for (const [name, content] of Object.entries(FILES)) await writeFile(join(folder, name), content)
for (const name of CASES) await cp(join(SHARED, 'cases/files', name), join(folder, name.split('/')[1]!))
const catalog = await testCatalog(folder)
await catalog.prepared
await catalog.checked
afterAll(async () => {
  await catalog.close()
  await rm(folder, { recursive: true })
})

interface Copy {
  readonly types: Readonly<Record<string, string>>
  readonly rows: readonly Readonly<Record<string, unknown>>[]
}

/** Rows in the order of the copy, which is by place. Geometry is WKT, and a large integer is text. */
const READ = `
import json, sys, pyarrow.parquet, shapely
copies = {}
for name, file in json.load(sys.stdin).items():
  table = pyarrow.parquet.read_table(file)
  column = json.loads(table.schema.metadata.get(b'geo', b'{}')).get('primary_column')
  rows = [{k: (None if v is None else shapely.from_wkb(v).wkt) if k == column else str(v) if type(v) is int and abs(v) > 2 ** 53 else v for k, v in row.items() if k != 'bbox'} for row in table.to_pylist()]
  copies[name] = {'types': {f.name: str(f.type) for f in table.schema}, 'rows': rows}
print(json.dumps(copies, default=str))`

const files = Object.fromEntries(
  catalog.layers().map((layer) => [layer.name, layer.relation.kind === 'parquet' ? layer.relation.files[0] : '']),
)
const copies = await python<Readonly<Record<string, Copy>>>(READ, [], JSON.stringify(files))

function copyOf(name: string): Copy {
  layerOf(catalog, name)
  return copies[name]!
}

const problemsOf = (file: string) =>
  catalog
    .problems()
    .filter(({ source }) => source === file)
    .map(({ reason }) => reason)

const valuesIn = (name: string, key: string) => copyOf(name).rows.map((row) => row[key])

test.each(Object.entries(TYPES))('a column of %s has a type that changes no value', (name, [type, values]) => {
  const { types, rows } = copyOf(`type_${name}`)
  expect(types['v']).toBe(type)
  const plain = values.map((value) => value.replace(/^"(.*)"$/, '$1'))
  if (type === 'string') expect(rows.map((row) => row['v'])).toEqual(plain.map((value) => value || null))
  else if (type === 'bool') expect(rows.map((row) => row['v'])).toEqual(plain.map((value) => value.toLowerCase() === 'true'))
  else if (/^(date|timestamp)/.test(type)) {
    const time = (value: unknown) =>
      Date.parse(
        `${String(value)
          .replace(' ', 'T')
          .replace(/(Z|\+00:00)?$/, '')}${String(value).length > 10 ? 'Z' : ''}`,
      )
    expect(rows.map((row) => time(row['v']))).toEqual(plain.map(time))
  } else {
    const exact = (value: unknown) => (type === 'double' ? Number(value) : BigInt(String(value)))
    expect(rows.map(({ v }) => (v === null ? null : exact(v)))).toEqual(
      plain.map((value) => (value.trim() ? exact(value) : null)),
    )
  }
})

test('a value far from the start decides too', () => {
  expect(copyOf('late').types['v']).toBe('string')
  expect(valuesIn('late', 'v')).toContain('007')
})

test.each([
  [
    'type_days_first.csv',
    'its column v has dates like 31/12/2020, whose order of day, month and year is not known: it is served as text',
  ],
  [
    'type_short_years.csv',
    'its column v has dates like 31.12.20, whose order of day, month and year is not known: it is served as text',
  ],
  [
    'ambigdates.csv',
    'its column d has dates like 01/02/2020, whose order of day, month and year is not known: it is served as text',
  ],
  ['date2y.csv', 'its column d has dates like 31.12.20, whose order of day, month and year is not known: it is served as text'],
  ['type_dates_that_do_not_exist.csv', 'its column v has dates that do not exist, like 2021-02-30: it is served as text'],
  ['torn.csv', 'its line 3 has text after a closing quote: it is part of the value'],
  ['windows.csv', 'its text is not UTF-8, and is read as Windows-1252: if that is wrong, convert the file to UTF-8'],
  ['beyond.csv', '1 of its pairs of Lon and LAT cannot be degrees, on line 3 (200, 3): the layer has no CRS'],
  ['thousands.csv', '1 value of its column x is no number, on line 2 ("500.000,5"): its feature has no geometry'],
  [
    'wktcurve.csv',
    /^1 value of its column wkt cannot be read, on line 2: it is a curve or a surface, .* \(ogr2ogr -nlt CONVERT_TO_LINEAR\)/,
  ],
  ['curve-wkb.csv', /^1 value of its column wkb cannot be read, on line 2: it is a curve or a surface/],
  [
    'reasons.tsv',
    '1 value of its column wkb cannot be read, on line 3: WKB ends before the geometry does, at byte 13; its feature has no geometry',
  ],
  [
    'geometry.csv',
    /^4 values of its column geom cannot be read, the first on line 8: WKT: expected the end of the text at character 12, before "or so"; /,
  ],
  ['srids.csv', 'not all of its geometries have the same SRID: the layer has no CRS'],
  ['unknown-srid.csv', 'its SRID 999999 is not known: the layer has no CRS'],
  ['beyond-srid.csv', '1 of its geometries have the SRID 4326 and cannot be degrees: the layer has no CRS'],
])('%s is served, and its problem says what is not as in the file', (file, problem) => {
  expect(layerOf(catalog, file.replace(/\.\w+$/, '')).state).toBe('READY')
  expect(problemsOf(file)).toEqual([typeof problem === 'string' ? problem : expect.stringMatching(problem)])
})

test.each([
  ['no-bytes.csv', /^it is empty/],
  ['blank-lines.csv', /^it is empty/],
  ['no-header.csv', /put a line with them before it$/],
  ['nul.csv', /^it has NUL bytes/],
  ['utf16-bare.csv', /^it has NUL bytes.* byte order mark/],
  ['utf16-torn.csv', /^it begins with the byte order mark of UTF-16, and other bytes follow/],
  ['open.csv', 'its line 3 opens a quote that is never closed: it is cut short, or a quote is missing'],
  ['far-too-long.csv', 'its line 3 has 503 fields, and its header names 3: mend the header or the lines'],
])('%s is not served, and its problem is the true reason', (file, reason) => {
  expect(catalog.layer(file.replace('.csv', ''))).toBeUndefined()
  expect(problemOf(catalog, file)).toMatch(reason)
})

test('a short line is read with nulls', () => {
  expect(copyOf('short').rows).toEqual([
    { a: 'two\nlines', lon: 1, lat: 2, note: 'x', geometry: 'POINT (1 2)' },
    { a: 'y', lon: 3, lat: 4, note: null, geometry: 'POINT (3 4)' },
    { a: 'z', lon: 5, lat: null, note: null, geometry: null },
  ])
  expect(problemsOf('short.csv')).toEqual([
    'its line 5, the first of 2 such lines, has 3 fields, and the header names 4: the others are null',
    '1 feature has only one of lon and lat, on line 6: it has no geometry',
  ])
  expect(copyOf('ragged_short').rows).toHaveLength(3)
  expect(valuesIn('lasthalf', 'geometry')).toEqual(['POINT (2 1)', 'POINT (4 3)', null])
})

test('the fields of a long line are in additional columns, unless they are empty', () => {
  expect(copyOf('long').rows.map(({ column3, column4 }) => [column3, column4])).toEqual([
    [null, null],
    ['more', null],
    ['7', 8],
  ])
  expect(problemsOf('long.csv')).toEqual([
    'its line 3, the first of 2 such lines, has 4 fields, and the header names 3: the others are in column3, column4',
  ])
  expect(Object.keys(copyOf('trailing').types)).toEqual(['a', 'lon', 'lat', 'bbox', 'geometry'])
  expect(problemsOf('trailing.csv')).toEqual([])
})

test('an empty field is null; with quotes it is an empty text, and null among numbers', () => {
  expect(copyOf('quoted-empty').rows).toEqual([
    { text: '', number: 1, lon: 1, lat: 2, geometry: 'POINT (1 2)' },
    { text: null, number: null, lon: 1, lat: 2, geometry: 'POINT (1 2)' },
    { text: 'x', number: 3, lon: null, lat: null, geometry: null },
  ])
})

test('a header without rows is a layer of no features', () => {
  expect(layerOf(catalog, 'empty')).toMatchObject({ state: 'READY', featureCount: 0 })
  expect(problemsOf('empty.csv')).toEqual([])
})

test('a coordinate that is no number is a null geometry, and its problem has its line', () => {
  expect(valuesIn('words', 'geometry')).toEqual(['POINT (1 2)', null, null, null])
  expect(problemsOf('words.csv')).toEqual([
    '1 value of its column lon is no number, on line 4 ("east"): its feature has no geometry',
    '1 feature has only one of lon and lat, on line 6: it has no geometry',
  ])
})

test('coordinates may have decimal commas, signs and more digits than a double', () => {
  expect(valuesIn('comma', 'geometry').sort()).toEqual(['POINT (-3 4)', 'POINT (2.35 48.85)'])
  expect(valuesIn('comma', 'price').sort()).toEqual(['1', '12,50'])
  expect(copyOf('many-digits').rows).toMatchObject([
    { lon: 1.1234567890123457, lat: '+2', geometry: 'POINT (1.1234567890123457 2)' },
  ])
})

test.each([
  ['metres', undefined],
  ['beyond', undefined],
  ['comma', 'OGC:CRS84'],
  ['srid', 'EPSG:25832'],
  ['ewkb', 'EPSG:25832'],
  ['hexwkb', 'OGC:CRS84'],
  ['srids', undefined],
])('the CRS of %s is %s', (name, code) => {
  expect(layerOf(catalog, name).crs?.code).toBe(code)
})

test('names that are missing or repeated get numbers, and any name may be a column', () => {
  expect(copyOf('names').rows).toMatchObject([{ n: 1, N_1: 2, n_2: 3, column3: 4, lon: 5, lat: 6, LAT_1: 7, column7: 8 }])
  expect(copyOf('plain-names').rows.map(({ g, s, v0, v1, n, k, w }) => [g, s, v0, v1, n, k, w])).toEqual([
    [1, 2, 3, 4, 5, 6, 7],
    [1, 2, 3, 4, 5, 6, 7],
  ])
})

test('WKT, WKB and GeoJSON are read, with Z and M, and a hostile value costs only itself', () => {
  const { rows } = copyOf('geometry')
  expect(Object.fromEntries(rows.map(({ id, geometry }) => [id, geometry]))).toEqual({
    1: 'LINESTRING Z (0 0 5, 1 1 6)',
    2: expect.stringMatching(/^POINT Z/),
    3: 'POINT Z (1 2 3)',
    4: 'POINT (1 2)',
    5: 'POINT (1 2)',
    ...{ 6: null, 7: null, 8: null, 9: null, 10: null },
  })
  expect(valuesIn('hexwkb', 'geometry')).toEqual(['POINT (1 2)'])
  expect(valuesIn('geojsoncol', 'geometry')).toEqual(['POINT (1 2)'])
})

test('a file of one column may have blank lines, and commas without quotes', () => {
  expect(valuesIn('one-column', 'geometry')).toEqual(
    expect.arrayContaining(['POINT (1 2)', null, 'POLYGON ((0 0, 1 1, 1 0, 0 0))']),
  )
  expect(valuesIn('unquoted', 'geometry')).toEqual(['POLYGON ((0 0, 1 1, 1 0, 0 0))'])
})

test('a line may have megabytes', () => {
  expect(layerOf(catalog, 'large')).toMatchObject({
    featureCount: 2,
    geometryTypes: ['Point', 'LineString'],
    check: { nullGeometries: 0 },
  })
})

test.each(['utf8-bom', 'utf16le', 'utf16be', 'windows', 'returns', 'mixed-breaks', 'sep', 'pipes', 'apostrophes', 'loose'])(
  '%s: the encoding and the dialect are found',
  (name) => {
    const rows = copyOf(name).rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([key, value]) => [key.trim(), value])),
    )
    expect(rows).toEqual([
      { n: 'é', lon: 1, lat: 2, geometry: 'POINT (1 2)' },
      { n: '€', lon: 3, lat: 4, geometry: 'POINT (3 4)' },
    ])
  },
)

test('quotes may have backslashes before them', () => {
  expect(valuesIn('backslashes', 'n')).toEqual(['a "b", c'])
})

/** The values of files, by Python's csv module. */
const PARSE = `
import csv, json, sys
delimiters = {'comma': ',', 'semicolon': ';', 'tab': '\\t', 'pipe': '|'}
read = lambda name: list(csv.reader(open(f'{sys.argv[1]}/{name}.csv', newline='', encoding='utf8'), delimiter=delimiters[name.split('_')[1]]))[1:]
print(json.dumps({name: read(name) for name in sys.argv[2:]}))`

test('random text of every dialect is what the csv module of Python reads', async () => {
  const parsed = await python<Readonly<Record<string, string[][]>>>(PARSE, [folder, ...dialects])
  for (const name of dialects) {
    const rows = copyOf(name).rows.map(({ first, second, lon, lat }) => [first, second, String(lon), String(lat)])
    expect([name, ...rows.map(String).sort()]).toEqual([name, ...parsed[name]!.map(String).sort()])
    expect(problemsOf(`${name}.csv`)).toEqual([])
  }
})

test('no problem has words of the engine or paths', () => {
  const reasons = catalog
    .problems()
    .map(({ reason }) => reason)
    .join('\n')
  expect(reasons).not.toMatch(/read_csv|Error:|strict_mode|null_padding|DuckDB|\/tmp\//)
})
