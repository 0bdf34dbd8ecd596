import { expect, test } from 'vitest'
import { uniqueNames, validName } from '../../../src/catalog/names.ts'

test.each([
  ['roads', 'roads'],
  ['Natural Earth (10m)', 'Natural_Earth_10m'],
  ['søer_2024-01', 'søer_2024-01'],
  ['東京', '東京'],
  ['a"b\'c;--', 'a_b_c'],
  ['../../etc', 'etc'],
  ['🦆', 'layer'],
  ['', 'layer'],
])('%s makes the name %s', (text, name) => {
  expect(validName(text)).toBe(name)
})

test('names that are alone keep their shortest form', () => {
  expect(
    uniqueNames([
      ['roads', 'a_roads'],
      ['lakes', 'a_lakes'],
    ]),
  ).toEqual(['roads', 'lakes'])
})

test('names that clash all take their longer form', () => {
  expect(uniqueNames([['roads', 'a_roads'], ['roads', 'b_roads'], ['lakes']])).toEqual(['a_roads', 'b_roads', 'lakes'])
})

test('names that still clash are numbered in their order, and never into each other', () => {
  expect(uniqueNames([['a'], ['a'], ['a_2'], ['a']])).toEqual(['a', 'a_3', 'a_2', 'a_4'])
})

test('of any wishes come as many names, each valid and unique', () => {
  const wishes = Array.from({ length: 300 }, (_, i) => [`t ${i % 7}`, `s${i % 3}_t ${i % 7}`, `d_${i % 2}_t_${i % 7}_2`])
  const names = uniqueNames(wishes)
  expect(new Set(names).size).toBe(300)
  expect(names.every((name) => validName(name) === name)).toBe(true)
})
