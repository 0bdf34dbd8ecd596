/** The main loop of a program that runs as a `ChildProcess`. The program ends with its server and opens no socket, except to the gateway. */
import type { FromProgram } from '../host/child-process.ts'
import { exitWithServer } from './query/lifetime.ts'
import { refuseSockets } from './query/no-network.ts'

/** Milliseconds between two notes. */
const NOTE_MS = 200

/**
 * Answers each message with the result of `answer`.
 *
 * @param failureOf returns the answer for an error; it throws an error that must end the process
 * @param readsRemotely returns true for a first message that needs the gateway. Absent: no message does
 */
export function answerWith<Message>(
  answer: (message: Message) => Promise<unknown>,
  failureOf: (error: unknown) => { readonly failure: string; readonly cause?: string | null; readonly isOver?: boolean },
  readsRemotely: (message: Message) => boolean = () => false,
): void {
  exitWithServer(process.argv[2]!)
  process.once('message', (message: Message) => refuseSockets(readsRemotely(message)))
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

/** Runs `work`. Meanwhile it sends the note `first`, and then the result of `note` a few times per second. */
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
