/** Compares shown output with real output. Figures that differ from run to run, and omitted parts, are not compared. */
import { expect } from 'vitest'

const CURSOR = /"cursor":"[\w-]+"/g
const SIZE = /[\d.,]*\d (?:B|kB|MB|GB|TB)\b/g
const FIGURE = /\d[\d.,]*(?:e[+-]?\d+)?/g

/** With every cursor, which depends on the server's secret, as one. */
export const withoutCursors = (text: string): string => text.replaceAll(CURSOR, '"cursor":"..."')

/** With every figure as one, and columns no wider than a space. */
export const withoutFigures = (text: string): string =>
  text.replaceAll(SIZE, '# B').replaceAll(FIGURE, '#').replaceAll(/ {2,}/g, '  ').replaceAll(/ +$/gm, '').trim()

/** A matcher of what is shown: "…" stands for anything, "..." for any text between, and any number for a number. */
export function alike(shown: unknown): unknown {
  if (typeof shown === 'number') return expect.any(Number)
  if (typeof shown === 'string') return alikeText(shown)
  if (Array.isArray(shown)) return shown.map(alike)
  if (typeof shown !== 'object' || shown === null) return shown
  if ('…' in shown) return expect.anything()
  return Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, alike(value)]))
}

const UUID = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/

function alikeText(shown: string): unknown {
  if (shown === '…' || UUID.test(shown)) return expect.any(String)
  const told = shown.includes('...') || FIGURED.test(shown)
  return told ? expect.stringMatching(new RegExp(`^${shown.split('...').map(escaped).join('.*')}$`, 's')) : shown
}

/** A sentence of the log, an address with a port. */
const FIGURED = /\d ms\b|:\d+$/

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/\d+/g, '\\d+')

/** Every object in a value, itself first. */
export function objectsIn(value: unknown): readonly object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(objectsIn)]
}
