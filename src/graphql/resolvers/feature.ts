import type { GraphQLResolveInfo } from 'graphql'
import type { FeatureRecord } from '../feature-record.ts'
import type { FeatureResolvers } from '../generated.ts'

/** A worker has written each field under its response key. Lists of features never come here: they are spliced in whole. */
const made = (record: FeatureRecord, _args: unknown, _context: unknown, info: GraphQLResolveInfo) => record[info.path.key]

export const feature = { id: made, geometry: made, bbox: made, properties: made } as FeatureResolvers
