/**
 * A server in a separate process, whose workers take orders, and whose log is on stderr, a line of JSON each. Arguments: sources. Of the
 * environment: ORDERS, the file of the orders; IMPORTS, a module that its workers load; CONFIG, settings in JSON.
 */
import { GRID_ROWS } from './faults/grid.ts'
import { Orders } from './faults/order.ts'
import { serve } from './server.ts'

const { ORDERS, IMPORTS, CONFIG = '{}' } = process.env
const execArgv = [...new Orders(ORDERS).execArgv, ...(IMPORTS ? ['--import', IMPORTS] : [])]
const config = { workers: 2, pageRows: GRID_ROWS, pageBytes: 1e9, logLevel: 'error', logPretty: false } as const
const server = await serve(process.argv.slice(2), { ...config, ...JSON.parse(CONFIG) }, execArgv)
console.log(`ready ${server.url}`)
process.once('SIGTERM', () => void server.close().then(() => process.exit()))
