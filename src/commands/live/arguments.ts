/** `geoduck live create`, `compact` and `status`. */
import type { Command } from 'commander'
import { ConfigurationError } from '../../config/configuration-error.ts'
import type { ConfigInputs } from '../../config/resolve.ts'

export type LiveArguments = { readonly given: ConfigInputs; readonly directory: string } & (
  | { readonly action: 'status' }
  | { readonly action: 'compact'; readonly layer: string | null }
  | {
      readonly action: 'create'
      readonly layer: string
      readonly columns: readonly { readonly name: string; readonly type: string }[]
      readonly crs: string | null
    }
)

const EXAMPLES = `
Examples:
  geoduck live create live/ --layer vehicles --column line:VARCHAR --column speed:DOUBLE
  geoduck live status live/
  geoduck live compact live/ --layer vehicles

create and compact need that no server writes to the folder; a server compacts by itself. See docs/live.md.`

export function addLiveCommand(
  program: Command,
  given: () => ConfigInputs,
  run: (options: LiveArguments) => Promise<void>,
): void {
  const live = program
    .command('live')
    .description('create, compact and list the live layers of a folder; accepts the same flags')
    .helpOption('--help', 'print this')
    .addHelpText('after', EXAMPLES)
  const add = (name: string, description: string) =>
    live
      .command(name)
      .description(description)
      .argument('<DIRECTORY>', 'the folder, as for --live')
      .helpOption('--help', 'print this')
  add('status', 'list the layers').action((directory: string) => run({ action: 'status', directory, given: given() }))
  add('compact', 'make a new base of one layer, or of all')
    .option('--layer <name>', 'its name')
    .action((directory: string, { layer = null }: { readonly layer?: string | null }) =>
      run({ action: 'compact', directory, layer, given: given() }),
    )
  add('create', 'create a layer')
    .requiredOption('--layer <name>', 'its name')
    .option('--column <name:type>', 'a column; the flag may be given several times', collected, [])
    .option('--crs <code>', 'CRS of the geometries (default: OGC:CRS84)')
    .action(
      (directory: string, options: { readonly layer: string; readonly column: readonly string[]; readonly crs?: string }) => {
        const { layer, column, crs = null } = options
        return run({ action: 'create', directory, layer, columns: column.map(columnOf), crs, given: given() })
      },
    )
}

const collected = (value: string, before: readonly string[]): readonly string[] => [...before, value]

function columnOf(text: string): { readonly name: string; readonly type: string } {
  const [, name, type] = /^([^:]+):(.+)$/.exec(text) ?? []
  if (name === undefined || type === undefined)
    throw new ConfigurationError(`--column takes a name and a type, such as speed:DOUBLE, not ${text}.`)
  return { name, type }
}
