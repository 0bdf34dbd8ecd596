import type { RelationColumn } from './columns.ts'

/** Names of key columns in the order of preference; case is ignored. */
const NAMES = ['id', 'fid', 'gid', 'ogc_fid', 'objectid', 'osm_id']

/** Types whose values can be written as an id without loss, and can be compared as fast as they are read. */
const TYPES = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|VARCHAR|UUID)$/

export function canBeKey({ native }: Pick<RelationColumn, 'native'>): boolean {
  return TYPES.test(native)
}

/** Returns columns with the name of a key. A scan proves whether one of them is a key. */
export function keyCandidates(columns: readonly RelationColumn[]): string[] {
  return columns
    .filter((column) => canBeKey(column) && NAMES.includes(column.name.toLowerCase()))
    .sort((a, b) => NAMES.indexOf(a.name.toLowerCase()) - NAMES.indexOf(b.name.toLowerCase()))
    .map((column) => column.name)
}
