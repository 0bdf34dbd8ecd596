/** A server in a process of its own, which tests kill: `slow-server.ts ADDRESS FOLDER`. It prints its address. */

import { gatheringServer } from './gathering-server.ts'
import { gatherSlowly } from './slowly.ts'

const [address, folder] = process.argv.slice(2)
const server = await gatheringServer({ address: address!, folder: folder! }, { names: ['words'] })
gatherSlowly(100_000)
process.stdout.write(`${server.url}\n`)
