/** A screenshot's pixels: PNG of 8-bit RGB or RGBA without interlace, as browsers write it. */
import { inflateSync } from 'node:zlib'

export type Rgb = readonly [red: number, green: number, blue: number]

export interface Picture {
  readonly width: number
  readonly height: number
  at(x: number, y: number): Rgb
}

export function readPng(png: Buffer): Picture {
  const width = png.readUInt32BE(16)
  const height = png.readUInt32BE(20)
  const size = { 2: 3, 6: 4 }[png[25]!]
  if (size === undefined || png[24] !== 8 || png[28] !== 0) throw new Error('This kind of PNG is not read here')
  const pixels = unfilter(inflateSync(imageData(png)), width * size, size)
  return {
    width,
    height,
    at(x, y) {
      const start = (Math.round(y) * width + Math.round(x)) * size
      return [pixels[start]!, pixels[start + 1]!, pixels[start + 2]!]
    },
  }
}

function imageData(png: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = 8; at < png.length; ) {
    const length = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + length))
    at += length + 12
  }
  return Buffer.concat(parts)
}

/** Each row begins with the number of its filter, which defines what its bytes were subtracted from. */
function unfilter(data: Buffer, rowBytes: number, size: number): Uint8Array {
  const pixels = new Uint8Array((data.length / (rowBytes + 1)) * rowBytes)
  for (let row = 0, from = 0; from < data.length; row++, from += rowBytes + 1) {
    const start = row * rowBytes
    for (let i = 0; i < rowBytes; i++) {
      const left = i < size ? 0 : pixels[start + i - size]!
      const up = row === 0 ? 0 : pixels[start + i - rowBytes]!
      const corner = row === 0 || i < size ? 0 : pixels[start + i - rowBytes - size]!
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][data[from]!]!
      pixels[start + i] = data[from + 1 + i]! + predicted
    }
  }
  return pixels
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)]
  if (a <= b && a <= c) return left
  return b <= c ? up : corner
}
