import type { RelationColumn } from './columns.ts'

/** In the order of preference; case does not matter. */
const NAMES = ['id', 'fid', 'gid', 'ogc_fid', 'objectid', 'osm_id']

/** Values of these are written as an id without loss, and compared as fast as they are read. */
const TYPES = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|VARCHAR|UUID)$/

export function canBeKey({ native }: Pick<RelationColumn, 'native'>): boolean {
  return TYPES.test(native)
}

/** Columns that are called like a key: a scan tells whether one is. */
export function keyCandidates(columns: readonly RelationColumn[]): string[] {
  return columns
    .filter((column) => canBeKey(column) && NAMES.includes(column.name.toLowerCase()))
    .sort((a, b) => NAMES.indexOf(a.name.toLowerCase()) - NAMES.indexOf(b.name.toLowerCase()))
    .map((column) => column.name)
}
