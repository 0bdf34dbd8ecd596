/** Resolvers of generic types receive these: a page or batch with its feature request, and columns. */

import type { FeatureRequest } from '../ask/feature-request.ts'
import type { FlowingPage } from '../delivery/flowing-page.ts'
import type { Batch, Page } from '../engines/engine.ts'
import type { Field } from '../model/layer.ts'

/** A column with its name in GraphQL. */
export interface NamedColumn extends Field {
  readonly graphqlName: string
}

export interface Delivery<B extends Batch | Page> {
  readonly batch: B
  readonly request: FeatureRequest
}

export type BatchDelivery = Delivery<Batch>
export type PageDelivery = Delivery<Page>
export type AnyPage = PageDelivery | FlowingPage
