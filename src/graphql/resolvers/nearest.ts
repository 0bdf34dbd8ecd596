/** Resolves `nearest`: it is `features` in the order of the distance, without features that have none. */

import type { GraphQLResolveInfo } from 'graphql'
import { firstRange, inRange } from '../../ask/arguments.ts'
import { type FeatureRequest, readFeatureRequest } from '../../ask/feature-request.ts'
import type { Context } from '../context.ts'
import type { AnyPage } from '../delivery.ts'
import type { QueryResolvers } from '../generated.ts'
import { selectOutputs } from '../selection.ts'

type PageOf = (request: FeatureRequest, first: number, context: Context, info: GraphQLResolveInfo) => Promise<AnyPage>

/** `pageOf` reads the page of a request. */
export function nearestWith(pageOf: PageOf): NonNullable<QueryResolvers['nearest']> {
  return async (_root, { to, maxDistance, ...args }, context, info) => {
    const first = inRange('first', args.first, firstRange(context.services.pageRows))
    const asked = { ...args, nearest: { to, maxDistance } }
    const request = await readFeatureRequest(asked, context, (selected) => selectOutputs(info, selected))
    return await pageOf(request, first, context, info)
  }
}
