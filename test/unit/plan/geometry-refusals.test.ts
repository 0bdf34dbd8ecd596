import { describe, expect, it } from 'vitest'
import { read, readBytes, refusal } from '../../support/plan/geometry.ts'

const IT = '`within.geojson`'
const ring = (count: number) =>
  Array.from({ length: count }, (_, n) => [n === count - 1 ? 0 : n % 170, n === count - 1 ? 0 : n % 80])
const collections = (depth: number): object =>
  depth === 0 ? { type: 'Point', coordinates: [1, 2] } : { type: 'GeometryCollection', geometries: [collections(depth - 1)] }

/** A list in a list in a list ..., `depth` deep, made without recursion. */
function nestedList(depth: number): unknown {
  let list: unknown = []
  for (let n = 0; n < depth; n++) list = [list]
  return list
}

describe('GeoJSON that is refused, with its reason:', () => {
  it.each<[string, unknown, string]>([
    ['a string', '{"type":"Point","coordinates":[1,2]}', `BAD_INPUT: ${IT}: takes a GeoJSON geometry object, not "{\\"type`],
    ['a list', [1, 2], `BAD_INPUT: ${IT}: takes a GeoJSON geometry object, not a list.`],
    [
      'no type',
      { coordinates: [1, 2] },
      `\`type\` is one of Point, LineString, Polygon, MultiPoint, MultiLineString, MultiPolygon, Geom`,
    ],
    ['a type of another case', { type: 'point', coordinates: [1, 2] }, 'not "point"'],
    ['a type that every object has', { type: 'constructor', coordinates: [] }, 'not "constructor"'],
    ['a Feature', { type: 'Feature', geometry: null }, 'pass its `geometry` member'],
    ['a FeatureCollection', { type: 'FeatureCollection', features: [] }, 'pass the `geometry` of one feature'],
    ['a CRS', { type: 'Point', coordinates: [1, 2], crs: { type: 'name' } }, 'a `crs` member is not taken'],
    ['no coordinates', { type: 'Point' }, '`coordinates` of a Point are a list, not undefined'],
    ['coordinates that are an object', { type: 'LineString', coordinates: { length: 2 } }, 'are a list, not an object'],
    ['a position of one number', { type: 'Point', coordinates: [1] }, 'a position has two to four numbers'],
    ['a position of five', { type: 'Point', coordinates: [1, 2, 3, 4, 5] }, 'a position has two to four numbers'],
    ['a number as text', { type: 'Point', coordinates: ['1', 2] }, 'coordinates are finite numbers'],
    ['an infinite number', { type: 'Point', coordinates: [1, Number.POSITIVE_INFINITY] }, 'coordinates are finite numbers'],
    ['a height that is none', { type: 'Point', coordinates: [1, 2, null] }, 'coordinates are finite numbers'],
    ['a line of one position', { type: 'LineString', coordinates: [[1, 2]] }, 'a line has at least two positions'],
    [
      'a position where a line should be',
      {
        type: 'MultiLineString',
        coordinates: [
          [1, 2],
          [3, 4],
        ],
      },
      'a position is a list of numbers',
    ],
    [
      'an open ring',
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 0],
            [1, 1],
            [0, 1],
          ],
        ],
      },
      'a ring is closed',
    ],
    [
      'a ring of three',
      {
        type: 'Polygon',
        coordinates: [
          [
            [0, 0],
            [1, 0],
            [0, 0],
          ],
        ],
      },
      'a ring has at least four positions',
    ],
    ['a hole in nothing', { type: 'Polygon', coordinates: [[], ring(5)] }, 'a polygon with holes has a shell'],
    ['geometries that are none', { type: 'GeometryCollection', geometries: [null] }, 'takes a GeoJSON geometry object, not null'],
    ['lists 100,000 deep', { type: 'MultiPolygon', coordinates: nestedList(100_000) }, 'a position has two to four numbers'],
  ])('%s', (_, geojson, reason) => {
    const refused = refusal(() => read({ geojson }))
    expect(refused).toContain(reason)
    expect(refused).toMatch(/^BAD_INPUT: `within\.geojson`/)
  })

  it('longitudes and latitudes out of range, where they are such', () => {
    expect(refusal(() => read({ geojson: { type: 'Point', coordinates: [180.1, 0] } }, true))).toContain(
      'longitude 180.1 is not within -180 and 180',
    )
    expect(refusal(() => read({ wkt: 'POINT(0 -90.5)' }, true))).toContain('latitude -90.5 is not within -90 and 90')
    expect(refusal(() => read({ wkt: 'POINT(500000 4649776)' }, false))).toBe('taken')
  })
})

describe('WKT that is refused, with its reason:', () => {
  it.each([
    ['', 'expected one of POINT, LINESTRING'],
    ['SRID=;POINT(1 2)', 'expected one of POINT'],
    ['SRID=4326 POINT(1 2)', 'expected one of POINT'],
    ['SRID=4326;POINT(1 2) x', 'expected the end of the text at character 21, before "x"'],
    ['SRID=4979;POINT(1 2', 'expected ) at its end'],
    ['SRID=7415;POINT(1 2)', 'EPSG:7415 is a compound CRS'],
    ['POINT', 'expected ( at its end'],
    ['POINT(1 2', 'expected ) at its end'],
    ['POINT(1 2) x', 'expected the end of the text at character 11, before "x"'],
    ['POINT(1,2)', 'expected a position of 2, 3, 4 numbers'],
    ['POINT(1 2, 3 4)', 'expected )'],
    ['POINT Z (1 2)', 'expected a position of 3 numbers'],
    ['POINT(1 2 3 4 5)', 'expected a position of 2, 3, 4 numbers'],
    ['POINT(nan nan)', 'expected a position'],
    ['POINT(1e999 2)', 'coordinates are finite numbers'],
    ['POINT(0x10 2)', 'WKT is not understood'],
    ['POINT(1.2.3 2)', 'WKT is not understood'],
    ['LINESTRING(1 2)', 'a line has at least two positions'],
    ['LINESTRING(1 2, 3 4', 'expected , or ) at its end'],
    ['POLYGON((0 0,1 0,1 1,0 1))', 'a ring is closed'],
    ['POLYGON(0 0,1 0,1 1,0 0)', 'expected ('],
    ['CIRCULARSTRING(0 0,1 1,2 0)', 'expected one of POINT'],
    ['LINEARRING(0 0,1 0,1 1,0 0)', 'expected one of POINT'],
    ['POINT(1 2); DROP TABLE x', 'WKT is not understood'],
    ['MULTIPOINT((1 2), LINESTRING(0 0,1 1))', 'expected a position'],
    [`${'GEOMETRYCOLLECTION('.repeat(17)}POINT(1 2)${')'.repeat(17)}`, 'nested deeper than 16'],
    [`${'GEOMETRYCOLLECTION('.repeat(100_000)}`, 'nested deeper than 16'],
  ])('%.60s', (wkt, reason) => {
    expect(refusal(() => read({ wkt }))).toContain(reason)
  })
})

describe('WKB that is refused, with its reason:', () => {
  const point = '0101000000000000000000f03f0000000000000040'
  it.each([
    ['nothing', '', 'ends before the geometry does'],
    ['nine bytes of a polygon', '010300000001000000', 'ends before the geometry does'],
    ['a MultiPolygon of a Point', `010600000001000000${point}`, 'members of type Polygon, not Point'],
    ['byte order 2', point.replace('01', '02'), 'byte order is 0 or 1, not 2'],
    ['type 0', '010000000000000000', 'is no type of geometry'],
    ['a circular string', '010800000000000000', 'is no type of geometry'],
    ['both flavours of Z at once', `01e9030080${'00'.repeat(24)}`, 'is no type of geometry'],
    ['a byte left over', `${point}00`, '1 bytes are left over'],
    ['four thousand million positions', '0102000000ffffffff', 'ends before the geometry does'],
    ['members of other dimensions', `01ec03000001000000${point}`, 'other dimensions'],
    ['a point of which half is NaN', '0101000000000000000000f87f0000000000000040', 'finite numbers'],
    ['an infinite number', '0101000000000000000000f07f0000000000000040', 'finite numbers'],
    ['an SRID that is cut off', '0101000020e610', 'ends before the geometry does'],
    [
      'a member with an SRID of its own',
      `0107000020e610000001000000${'0101000020110f0000'}${point.slice(10)}`,
      'a member has the SRID 3857, and the geometry it is in 4326',
    ],
    [
      'a member with an SRID that its geometry has not',
      `010700000001000000${'0101000020110f0000'}${point.slice(10)}`,
      'a member has the SRID 3857, and the geometry it is in none',
    ],
  ])('%s', (_, bytes, reason) => {
    const refused = refusal(() => readBytes(Buffer.from(bytes, 'hex')))
    expect(refused).toMatch(/^BAD_INPUT: `within\.wkb`: /)
    expect(refused).toContain(reason)
  })
})

describe('TWKB that is refused, with its reason:', () => {
  const number = (value: number) => {
    const bytes: number[] = []
    for (let rest = value; ; rest = Math.floor(rest / 128)) {
      if (rest < 128) return Buffer.from([...bytes, rest]).toString('hex')
      bytes.push((rest % 128) + 128)
    }
  }
  it.each([
    ['no header', '01', 'TWKB ends before the geometry does, at byte 1'],
    ['half a point', '010002', 'ends before the geometry does'],
    ['a number that does not end', '0100ff', 'ends before the geometry does'],
    ['8 million positions in six bytes', `0200${number(8_388_607)}`, 'has more than 25000 vertices (--max-vertices)'],
    ['no more positions than there may be, of which none is there', '0200a09c01', 'ends before the geometry does'],
    ['a million members', `0500${number(1_000_000)}${'00'.repeat(60_000)}`, 'has more than 25000 parts'],
    ['a number that a double does not hold', `0100${number(2 ** 53)}02`, 'a difference of 2^52 units or more is not taken'],
    ['a number of twenty bytes', `0100${'80'.repeat(20)}01`, 'a difference of 2^52 units or more is not taken'],
    ['parts of different precision', '070002010002042100020400', 'its parts have different numbers of digits'],
    ['a list of ids', `0404010204${number(2)}`, 'a list of ids is not taken'],
    ['a polygon of no rings, which wkx misreads', '030000', 'a polygon has at least one ring'],
    ['a circular string', '0800020202', 'TWKB: 8 is no type of geometry'],
    ['a byte left over', '0100020400', 'TWKB: 1 bytes are left over after the geometry'],
    ['a ring that is not closed', '030001040000020000020100', 'a ring is closed'],
    ['nesting deeper than 16', '070001'.repeat(17), 'is nested deeper than 16'],
    ['nesting that overflows a stack', '070001'.repeat(100_000), 'is nested deeper than 16'],
    ['no digits', 'zz', 'takes tiny well-known binary in hexadecimal or base64'],
    ['nothing', '', 'takes tiny well-known binary in hexadecimal or base64'],
  ])('%s', (_, twkb, reason) => {
    const refused = refusal(() => read({ twkb }))
    expect(refused).toMatch(/^(BAD_INPUT|LIMIT_EXCEEDED): `within\.twkb`: /)
    expect(refused).toContain(reason)
  })
})

describe('geometry at its limits', () => {
  it('16 deep is taken, 17 deep is not', () => {
    expect(refusal(() => read({ geojson: collections(15) }))).toBe('taken')
    expect(refusal(() => read({ geojson: collections(16) }))).toMatch(
      /^LIMIT_EXCEEDED: .* nested deeper than 16; simplify or split it\.$/,
    )
  })

  it('25,000 vertices are taken, 25,001 are not', () => {
    const polygon = (count: number) => ({ geojson: { type: 'Polygon', coordinates: [ring(count)] } })
    expect(refusal(() => read(polygon(25_000), true))).toBe('taken')
    expect(refusal(() => read(polygon(25_001), true))).toMatch(/^LIMIT_EXCEEDED: .* more than 25000 vertices/)
    const points = (count: number) => ({ geojson: { type: 'MultiPoint', coordinates: ring(count) } })
    expect(refusal(() => read(points(25_000)))).toBe('taken')
    expect(refusal(() => read(points(25_001)))).toMatch(/^LIMIT_EXCEEDED/)
  })

  it('parts without vertices are counted too', () => {
    const empties = { type: 'MultiLineString', coordinates: Array.from({ length: 60_000 }, () => []) }
    expect(refusal(() => read({ geojson: empties }))).toMatch(/^LIMIT_EXCEEDED: .* more than 50000 parts/)
  })

  it('exactly one notation is taken', () => {
    expect(refusal(() => read({}))).toContain('exactly one of `geojson`, `wkt`, `wkb`, `twkb` and `bbox`')
    expect(refusal(() => read({ wkt: 'POINT(1 2)', bbox: [1, 2, 3, 4] }))).toContain('exactly one of')
  })
})

describe('a bbox that is refused, with its reason:', () => {
  it.each([
    [[1, 2, 3], true, 'four numbers'],
    [[1, 2, 3, 4, 5, 6], true, 'four numbers'],
    [[1, 2, Number.NaN, 4], true, 'finite numbers, not NaN'],
    [[1, 5, 3, 4], true, 'south 5 is above north 4'],
    [[1, 91, 3, 92], true, 'latitudes 91 to 92 are not within -90 and 90'],
    [[1, -92, 3, -91], true, 'latitudes -92 to -91 are not within -90 and 90'],
    [[800_000, -5, 900_000, 5], true, '800000 is neither a longitude nor a latitude in degrees'],
    [[1, -5_900_000, 3, 5], true, '-5900000 is neither a longitude nor a latitude in degrees'],
    [[5, 2, 3, 4], false, 'west 5 is beyond east 3, which only longitudes can be'],
  ])('%j', (bbox, isLonLat, reason) => {
    const refused = refusal(() => read({ bbox }, isLonLat))
    expect(refused).toMatch(/^BAD_INPUT: `within\.bbox` takes \[west, south, east, north\]/)
    expect(refused).toContain(reason)
  })
})
