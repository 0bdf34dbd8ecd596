/** The clients ask questions: each has its own values, and the number of features that the right answer holds. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { QueryBox } from './boxes.ts'

/** `count` asks the boxes. */
export type QuestionKind = 'box' | 'count' | 'key' | 'text' | 'page'

export interface Question {
  readonly values: readonly (string | number)[]
  readonly features: number
}

/** Features of a sorted page. */
export const PAGE_FEATURES = 100

export function questionsFile(folder: string, layer: string, kind: QuestionKind): string {
  return join(folder, `${layer}.${kind === 'count' ? 'box' : kind}.json`)
}

export async function writeQuestions(folder: string, layer: string, kind: QuestionKind, questions: readonly Question[]) {
  await writeFile(questionsFile(folder, layer, kind), JSON.stringify(questions))
}

export function boxQuestions(boxes: readonly QueryBox[]): Question[] {
  return boxes.map(({ bbox, hits }) => ({ values: bbox, features: hits }))
}

/** Ids and names are from all over the file. No building is lower than 2 m: the height only makes each page another question. */
const BUILDINGS = {
  key: (file: string) => `SELECT id, 1 FROM '${file}' WHERE id % 16 = 0 ORDER BY hash(id)`,
  text: (file: string) => `SELECT name, count(*) FROM '${file}' GROUP BY name ORDER BY hash(name) LIMIT 32_000`,
  page: (
    file: string,
  ) => `SELECT class, n / 1_000, ${PAGE_FEATURES} FROM (SELECT DISTINCT class FROM '${file}'), range(2_000) r(n)
    ORDER BY hash(class, n)`,
}

export async function buildingQuestions(
  connection: DuckDBConnection,
  file: string,
  kind: keyof typeof BUILDINGS,
): Promise<Question[]> {
  const reader = await connection.runAndReadAll(BUILDINGS[kind](file))
  return reader.getRows().map((row) => {
    const values = row.map((value) => (typeof value === 'string' ? value : Number(value)))
    return { values: values.slice(0, -1), features: Number(values.at(-1)) }
  })
}
