/** The program of the import processes: one writes the copy, another one verifies it. Each does one job and is then ended. */

import type { ToImporter, VerifiedLayer, Written } from '../../host/import-messages.ts'
import { answerWith } from '../answer.ts'
import { reasonOf, UNKNOWN } from '../inspect/reason.ts'
import { Refusal } from './refusal.ts'
import { verify } from './verify.ts'
import { write } from './write.ts'

answerWith(
  (message: ToImporter): Promise<Written | VerifiedLayer> =>
    message.type === 'WRITE' ? write(message.job) : verify(message.job),
  (error) => {
    const failure = error instanceof Refusal ? error.message : reasonOf(error)
    // An import has no log but its own output.
    return { failure: failure === UNKNOWN ? `${failure}:\n${error}` : failure }
  },
)
