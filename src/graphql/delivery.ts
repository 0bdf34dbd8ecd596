/** A page or batch that is sent to a client, with its feature request. */

import type { FeatureRequest } from '../ask/feature-request.ts'
import type { FlowingPage } from '../delivery/flowing-page.ts'
import type { Batch, Page } from '../engines/engine.ts'

export interface Delivery<B extends Batch | Page> {
  readonly batch: B
  readonly request: FeatureRequest
}

export type BatchDelivery = Delivery<Batch>
export type PageDelivery = Delivery<Page>
export type AnyPage = PageDelivery | FlowingPage
