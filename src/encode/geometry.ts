/** How a geometry column is written in JSON: as a geometry object, as text in quotes, or as its box. */

import { WkbReader } from '../geometry/wkb.ts'
import type { ColumnBatch, GeometryText, LayoutGeometry } from './batch.ts'
import { type ByteWriter, CHAR, literal } from './bytes.ts'
import { bytesOf, columnOf } from './column.ts'
import { orNull, type RowWriter, type ValueWriter } from './value.ts'
import { BBoxText } from './wkb/bbox.ts'
import { GeoJsonText } from './wkb/geojson.ts'
import { WkbHex } from './wkb/hex.ts'
import { TwkbHex } from './wkb/twkb.ts'
import { WktText } from './wkb/wkt.ts'

interface GeometryWriter {
  write(from: number, to: number): void
}

export function jsonGeometry({ column, srid }: LayoutGeometry, as: GeometryText, precision: number): ValueWriter {
  switch (as) {
    case 'GEOJSON':
      return (batch, out) => eachRow(batch, column, out, (reader) => new GeoJsonText(out, reader, precision))
    case 'WKT':
      return (batch, out) => eachRow(batch, column, out, (reader) => quoted(out, new WktText(out, reader, precision)))
    case 'EWKT': {
      const prefix = srid === null ? '' : `SRID=${srid};`
      return (batch, out) => eachRow(batch, column, out, (reader) => quoted(out, new WktText(out, reader, precision), prefix))
    }
    case 'WKB':
      return (batch, out) => eachRow(batch, column, out, (reader) => quoted(out, new WkbHex(out, reader)))
    case 'EWKB':
      return (batch, out) => eachRow(batch, column, out, (reader) => quoted(out, new WkbHex(out, reader, { srid })))
    case 'TWKB':
      return (batch, out) => eachRow(batch, column, out, (reader) => new TwkbHex(out, reader, precision))
  }
}

export function jsonBBox(index: number): ValueWriter {
  return (batch, out) => eachRow(batch, index, out, (reader) => new BBoxText(out, reader))
}

function eachRow(batch: ColumnBatch, index: number, out: ByteWriter, make: (reader: WkbReader) => GeometryWriter): RowWriter {
  const { validity, offsets, bytes } = bytesOf(columnOf(batch, index))
  const writer = make(new WkbReader(bytes))
  return orNull(validity, out, (row) => writer.write(offsets[row]!, offsets[row + 1]!))
}

/** Neither WKT nor hexadecimal digits hold anything that a JSON string has to escape. */
function quoted(out: ByteWriter, writer: GeometryWriter, prefix = ''): GeometryWriter {
  const opening = literal(`"${prefix}`)
  return {
    write: (from, to) => {
      out.literal(opening)
      writer.write(from, to)
      out.byte(CHAR.QUOTE)
    },
  }
}
