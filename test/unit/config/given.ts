/** A command line and an environment, resolved as the program does it, without starting one. */
import type { Command } from 'commander'
import { type Actions, buildCommand } from '../../../src/commands/command-line.ts'
import { machineDefaults } from '../../../src/config/defaults.ts'
import { machine } from '../../../src/config/machine.ts'
import { type ConfigInputs, type Resolved, resolveConfig } from '../../../src/config/resolve.ts'
import { settings } from '../../../src/config/settings.ts'

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

const none = () => Promise.reject(new Error('another command'))

/** The program's commands, of which only the first is done. */
export function commandServing(serve: Actions['serve']): Command {
  const others = {
    prepare: none,
    importFiles: none,
    exportFile: none,
    doctor: none,
    explain: none,
    printSchema: none,
    printConfigSchema: none,
    live: none,
  }
  return buildCommand({ serve, ...others })
}

function given(args: readonly string[]): Promise<ConfigInputs> {
  return new Promise<ConfigInputs>((resolve, reject) => {
    const take = async ({ given }: { given: ConfigInputs }) => resolve(given)
    commandServing(take).exitOverride().parseAsync(args, { from: 'user' }).catch(reject)
  })
}
