/** The fenced blocks of a page of the documentation. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './environment.ts'

export interface Block {
  /** The nearest above it. */
  readonly heading: string
  /** The language after the fence. Empty for plain text. */
  readonly language: string
  readonly text: string
}

const FENCED = /^```(\w*)\n(.*?)^```$/gms
const HEADING = /^#+ (.+)$/gm

/** In the page's order. */
export function blocksOf(page: string): readonly Block[] {
  const text = readPage(page)
  return [...text.matchAll(FENCED)].map(({ 1: language, 2: block, index }) => ({
    heading: [...text.slice(0, index).replaceAll(FENCED, '').matchAll(HEADING)].at(-1)![1]!,
    language: language!,
    text: block!,
  }))
}

/** @param page its path in the checkout */
export const readPage = (page: string): string => readFileSync(join(ROOT, page), 'utf8')
