/** The inside of the import's processes: one writes the copy, another one proves it. Each does one job and is ended. */

import type { FromImporter, ToImporter } from '../../host/import-messages.ts'
import { reasonOf } from '../inspect/reason.ts'
import { tieToServer } from '../query/lifetime.ts'
import { refuseSockets } from '../query/no-network.ts'
import { tell } from './progress.ts'
import { Refusal } from './refusal.ts'
import { verify } from './verify.ts'
import { write } from './write.ts'

process.once('message', (message: ToImporter) => {
  tieToServer(message.job.options.tempDirectory)
  refuseSockets()
  void answer(message).then(tell)
})

async function answer(message: ToImporter): Promise<FromImporter> {
  try {
    const value = message.type === 'WRITE' ? await write(message.job) : await verify(message.job)
    return { type: 'DONE', value }
  } catch (error) {
    return { type: 'FAILED', reason: error instanceof Refusal ? error.message : reasonOf(error) }
  }
}
