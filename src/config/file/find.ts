import { access } from 'node:fs/promises'
import { resolve } from 'node:path'
import { ConfigurationError } from '../configuration-error.ts'

const NAMES = ['geoduck.json', 'geoduck.yaml', 'geoduck.yml']

/**
 * The configuration file: the one that is named, else the one in the working directory, if there is one. Absolute.
 *
 * @throws ConfigurationError where two lie side by side: neither is the obvious one
 */
export async function findConfigFile(named: string | null): Promise<string | null> {
  if (named !== null) return resolve(named)
  const there: string[] = []
  for (const name of NAMES)
    await access(name).then(
      () => there.push(name),
      () => undefined,
    )
  if (there.length > 1) throw new ConfigurationError(`${there.join(' and ')} are both here: keep one, or name one with --config.`)
  return there[0] === undefined ? null : resolve(there[0])
}
