import type { Capabilities } from '../engine.ts'

export const CAPABILITIES: Capabilities = { engine: 'DuckDB', lacks: new Set() }
