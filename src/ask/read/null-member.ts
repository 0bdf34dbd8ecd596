import { GeoduckError } from '../../model/errors.ts'

/**
 * The refusal of an input of a filter that has null as a member. A null that selected every feature would be dangerous, and one that selected none
 * would be a surprise. A variable without a value leaves its member out.
 *
 * @param path the names around the member
 */
export function nullMember(input: object, ...path: readonly string[]): GeoduckError {
  const member = Object.entries(input).find(([, value]) => value === null)?.[0] ?? ''
  return new GeoduckError('BAD_INPUT', `\`${[...path, member].join('.')}\` is null: give it a value, or leave it out.`)
}
