import { literal } from './quote.ts'

/** Begins what a statement itself refuses a client with: the pool passes on what stands behind it, as what is wrong with the client's input. */
export const REFUSED = 'Refused: '

/** SQL that ends the statement with a message of ours. Nothing of a client's may be in it. */
export function refusal(message: string): string {
  return `error(${literal(`${REFUSED}${message}`)})`
}
