import { expect, test } from 'vitest'
import { formatSize, parseSize } from '../../../src/config/size.ts'

test.each([
  ['0', 0],
  ['1048576', 1_048_576],
  ['10B', 10],
  ['512MB', 512_000_000],
  ['4 GB', 4_000_000_000],
  ['1.5GiB', 1_610_612_736],
  ['2kib', 2048],
])('%s is %i bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes)
})

test.each(['', 'GB', '-1GB', '4 G', '4GB!', '1e9', 'Infinity', '0x10'])('%j is no size', (text) => {
  expect(parseSize(text)).toBeUndefined()
})

test('a size is shown in the largest unit that fits', () => {
  expect([4e9, 1.5e9, 999, 32e6, 1024].map(formatSize)).toEqual(['4 GB', '1.5 GB', '999 B', '32 MB', '1 KB'])
})
