/** Reads a query on the layers of a catalogue, without a server. */
import type { ReadContext } from '../ask/feature-request.ts'
import { filterLimitsOf } from '../ask/read/read-filter.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Config } from '../config/config.ts'
import { EventLoopYield } from '../delivery/event-loop-yield.ts'
import { CAPABILITIES } from '../engines/duckdb/capabilities.ts'

export function asking(catalog: Catalog, config: Config): ReadContext & { readonly pageRows: number } {
  const { pageRows, cursorSecret, deadlineSeconds } = config
  const services = { can: CAPABILITIES, catalog, cursorSecret, deadlineSeconds, filterLimits: filterLimitsOf(config) }
  const operation = {
    budget: null,
    layers: new Set<string>(),
    eventLoop: new EventLoopYield(),
    queries: [],
    representations: new Set<string>(),
    whenEnded: () => {},
  }
  return { pageRows, services, operation }
}
