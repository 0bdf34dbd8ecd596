/** A server in a separate process, which tests kill: `slow-server.ts ADDRESS FOLDER`. It prints its address. */

import { gatheringServer } from './gathering-server.ts'
import { gatherSlowly } from './slowly.ts'

const [address, folder] = process.argv.slice(2)
const server = await gatheringServer({ address: address!, folder: folder! }, { names: ['words'] })
gatherSlowly(50_000)
process.stdout.write(`${server.url}\n`)
// A test that fails leaves nothing that runs.
process.once('disconnect', () => process.exit())
