import { GeoduckError } from '../../model/errors.ts'

/**
 * Refuses members of a filter that are null. A null that selected every feature would be dangerous, and one that selected none would be a surprise.
 * A variable without a value leaves its member out. @throws GeoduckError BAD_INPUT with the name of the member
 *
 * @param path the names around the member
 */
export function refuseNull(input: object, ...path: readonly string[]): void {
  for (const [member, value] of Object.entries(input)) {
    if (value === null)
      throw new GeoduckError('BAD_INPUT', `\`${[...path, member].join('.')}\` is null: give it a value, or leave it out.`)
  }
}
