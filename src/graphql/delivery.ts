/** A page or batch on its way out, with what was asked of it. */
import type { Batch, Page } from '../pool/engine.ts'
import type { FlowingPage } from './flowing-page.ts'
import type { Question } from './question.ts'

export interface Delivery<B extends Batch | Page> {
  readonly batch: B
  readonly question: Question
}

export type BatchDelivery = Delivery<Batch>
export type PageDelivery = Delivery<Page>
export type AnyPage = PageDelivery | FlowingPage
