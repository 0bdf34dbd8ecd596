/** The inside of a program that is run as a `ChildProcess`: it ends with its owner, and opens no socket. */
import type { FromProgram } from '../host/child-process.ts'
import { exitWithServer } from './query/lifetime.ts'
import { refuseSockets } from './query/no-network.ts'

const NOTE_MS = 200

/**
 * Answers each message with what `answer` makes of it.
 *
 * @param failureOf what is sent of an error that is an answer; it throws one that must end the process
 */
export function answerWith<Message>(
  answer: (message: Message) => Promise<unknown>,
  failureOf: (error: unknown) => { readonly failure: string; readonly isOver?: boolean },
): void {
  exitWithServer(process.argv[2]!)
  refuseSockets()
  process.on('message', async (message: Message) => {
    try {
      send(
        await answer(message).then(
          (value) => ({ type: 'DONE', value }),
          (error: unknown) => ({ type: 'FAILED', ...failureOf(error) }),
        ),
      )
    } catch (error) {
      process.stderr.write(`${error}\n`)
      process.kill(process.pid, 'SIGKILL')
    }
  })
}

/** Sends `first`, and until `work` is done a few times per second what `note` returns. */
export async function withNotes<Note extends object, Result>(
  first: Note,
  note: () => Note | null,
  work: () => Promise<Result>,
): Promise<Result> {
  send({ type: 'NOTE', note: first })
  const timer = setInterval(() => {
    const further = note()
    if (further) send({ type: 'NOTE', note: further })
  }, NOTE_MS)
  return await work().finally(() => clearInterval(timer))
}

function send(message: FromProgram): void {
  process.send?.(message)
}
