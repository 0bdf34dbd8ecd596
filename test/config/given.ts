/** A command line and an environment, resolved as the program does it, without starting one. */
import { buildCommand } from '../../src/config/command.ts'
import { machineDefaults } from '../../src/config/defaults.ts'
import { machine } from '../../src/config/machine.ts'
import { type Given, type Resolved, resolveConfig } from '../../src/config/resolve.ts'
import { settings } from '../../src/config/settings.ts'

export const TABLE = settings(machineDefaults(machine()))

/** In this process, whose environment is as it was afterwards. */
export async function resolved(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Resolved> {
  const before = { ...process.env }
  Object.assign(process.env, environment)
  try {
    return await resolveConfig(await given(args))
  } finally {
    for (const name of Object.keys(environment)) {
      if (before[name] === undefined) delete process.env[name]
      else process.env[name] = before[name]
    }
  }
}

function given(args: readonly string[]): Promise<Given> {
  return new Promise<Given>((resolve, reject) => {
    const take = async ({ given }: { given: Given }) => resolve(given)
    const none = () => Promise.reject(new Error('another command'))
    const command = buildCommand({
      serve: take,
      prepare: none,
      importFiles: none,
      doctor: none,
      explain: none,
      printSchema: none,
      printConfigSchema: none,
    })
    command.exitOverride().parseAsync(args, { from: 'user' }).catch(reject)
  })
}
