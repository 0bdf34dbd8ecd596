/** Uploads of features into live layers, and what they have written. */
import { DatabaseSync } from 'node:sqlite'
import { ask, type Served } from './graphql.ts'
import { CREATE } from './live.ts'

export const NDJSON = 'application/x-ndjson'
export const ARROW = 'application/vnd.apache.arrow.stream'

export interface Uploaded {
  readonly committed: number
  readonly version: string
  readonly errors: readonly { readonly index?: number; readonly code: string; readonly message: string }[]
}

export function uploadUrl(server: Served, layer: string, parameters: Readonly<Record<string, string>> = {}): string {
  return `${server.url}/layers/${encodeURIComponent(layer)}/features?${new URLSearchParams(parameters)}`
}

export async function put(
  server: Served,
  layer: string,
  body: BodyInit,
  parameters: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly status: number; readonly body: Uploaded }> {
  const request = { method: 'PUT', body, headers: { 'content-type': NDJSON, ...headers }, duplex: 'half' } as RequestInit
  const response = await fetch(uploadUrl(server, layer, parameters), request)
  return { status: response.status, body: (await response.json()) as Uploaded }
}

export async function createLayer(server: Served, name: string, columns: Readonly<Record<string, string>>): Promise<void> {
  const list = Object.entries(columns).map(([column, type]) => ({ name: column, type }))
  const { errors } = await ask(server, CREATE, { name, columns: list })
  if (errors) throw new Error(JSON.stringify(errors))
}

/** A feature as a line of NDJSON. */
export function line(n: number, properties: object = { n }): string {
  const geometry = { type: 'Point', coordinates: [(n % 360) - 180, (n % 170) - 85] }
  return `${JSON.stringify({ type: 'Feature', id: `k${n}`, geometry, properties })}\n`
}

export const lines = (from: number, to: number): string => Array.from({ length: to - from }, (_, n) => line(from + n)).join('')

/** Returns the number of features that a layer has had, and how often they were written. */
export function writesOf(directory: string, layer: string): { readonly features: number; readonly writes: number } {
  const store = new DatabaseSync(`${directory}/store.sqlite`, { readOnly: true })
  const of = 'FROM changes WHERE layer = (SELECT id FROM layers WHERE name = ?)'
  const row = store.prepare(`SELECT count(DISTINCT key) AS features, count(*) AS writes ${of}`).get(layer)
  store.close()
  return { ...row } as { features: number; writes: number }
}
