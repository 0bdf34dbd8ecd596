import { join } from 'node:path'
import { runForSample } from '../child.ts'
import { tableOf } from '../data/store.ts'
import type { Arm, Figure, Row } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'nearest.ts')
/** Features of each answer. */
const FIRST = 100

function arm(layer: string, kind: 'box' | 'nearest'): Arm {
  return {
    run: ({ server, data, seconds }) => {
      const boxes = join(data, 'buildings.boxes.json')
      return runForSample([CLIENT, JSON.stringify({ url: server.url, layer, boxes, kind, first: FIRST, seconds })])
    },
  }
}

const figure = (label: string, from: string): Figure => ({
  label: `the ${FIRST} nearest ${label} against a box of as many`,
  key: 'p50Ms',
  unit: 'ms',
  arm: `${from}Nearest`,
  against: `${from}Box`,
  better: 'lower',
  threshold: null,
  goal: 3,
})

/** The nearest features of a place, and a box around it with as many features. */
export const NEAREST: Row = {
  id: 'nearest',
  title: `The ${FIRST} nearest features over HTTP`,
  arms: {
    pointsBox: arm('points', 'box'),
    pointsNearest: arm('points', 'nearest'),
    fileBox: arm('buildings', 'box'),
    fileNearest: arm('buildings', 'nearest'),
    tableBox: arm(tableOf('buildings'), 'box'),
    tableNearest: arm(tableOf('buildings'), 'nearest'),
  },
  figures: [
    figure('points from a file', 'points'),
    figure('buildings from a file', 'file'),
    figure('buildings from a table', 'table'),
  ],
}
