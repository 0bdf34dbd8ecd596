/** Joins pages of a list in their order, field by field. */
import type { FeatureCollection } from 'geojson'

export interface PageInfo {
  readonly __typename?: string | undefined
  readonly hasNextPage?: boolean | undefined
  readonly endCursor?: string | null | undefined
  readonly hasPreviousPage?: boolean | undefined
  readonly startCursor?: string | null | undefined
}

type Join = (values: readonly never[]) => unknown

/** Join the values of a field, by its name. The other fields, such as `totalCount`, `arrow` and `execution`, are those of one page. */
export const JOINS = {
  count: (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0),
  edges: flat,
  features: flat,
  rows: flat,
  geojson: collection,
  pageInfo: (infos: readonly PageInfo[]): PageInfo => {
    const { hasPreviousPage, startCursor } = infos[0]!
    return { ...infos.at(-1), ...defined({ hasPreviousPage, startCursor }) }
  },
} satisfies Readonly<Record<string, Join>>

export type JoinedField = keyof typeof JOINS

function flat(lists: readonly (readonly unknown[])[]): unknown[] {
  return lists.flat()
}

function collection(collections: readonly FeatureCollection[]): FeatureCollection {
  const boxes = collections.flatMap(({ bbox }) => (bbox ? [bbox] : []))
  const edge = (index: number, choose: (...values: number[]) => number) => choose(...boxes.map((box) => box[index]!))
  return {
    ...collections[0]!,
    // Boxes of GeoJSON never cross the antimeridian here, so the least and the largest numbers are the edges.
    ...(boxes.length > 0 && { bbox: [edge(0, Math.min), edge(1, Math.min), edge(2, Math.max), edge(3, Math.max)] }),
    features: collections.flatMap(({ features }) => features),
  }
}

function defined<T extends object>(members: T): Partial<T> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Partial<T>
}
