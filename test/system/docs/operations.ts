/** Examples of docs/operations.md: the reports of a running server. */
import { expect } from 'vitest'
import { parse } from 'yaml'
import { ask } from '../../support/graphql.ts'
import { EventSource } from '../server/event-source.ts'
import type { Example } from './example.ts'
import { alike, withoutFigures } from './likeness.ts'

interface ScrapeConfig {
  readonly authorization: { readonly credentials: string }
  readonly static_configs: readonly { readonly targets: readonly string[] }[]
}

/** The address in Prometheus's configuration has metrics. */
export const scraped: Example = {
  blocks: ['yaml'],
  async holds({ url }, text) {
    const { scrape_configs } = parse(text!) as { readonly scrape_configs: readonly ScrapeConfig[] }
    const [{ authorization, static_configs }] = scrape_configs as readonly [ScrapeConfig]
    expect(static_configs).toEqual([{ targets: ['127.0.0.1:4000'] }])
    const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${authorization.credentials}` } })
    expect(await response.text()).toContain('geoduck_ready 1')
  },
}

/** Each shown series exists after the requests that the page describes. */
export const metrics: Example = {
  blocks: [''],
  async holds(place, text) {
    await ask(place, '{ features(layer: "observations", first: 2) { count } }')
    await ask(place, '{ features(layer: "observation") { count } }')
    await (await EventSource.open(place, 'subscription { featureBatches(layer: "observations") { count } }')).all()
    const told = async () => withoutFigures(await (await fetch(`${place.url}/metrics`)).text()).split('\n')
    // Operations are counted when they end, which is a moment after their last byte.
    await expect.poll(told).toEqual(expect.arrayContaining(withoutFigures(text!).split('\n')))
  },
}

/** A query, and its line of the log. */
export const slow: Example = {
  blocks: ['graphql', 'json'],
  async holds(place, query, text) {
    await ask(place, query!)
    const of = (line: string) => (line.includes('"plans"') ? [JSON.parse(line) as object] : [])
    await expect.poll(() => place.log().flatMap(of)).toContainEqual(expect.objectContaining(alike(JSON.parse(text!)) as object))
  },
}
