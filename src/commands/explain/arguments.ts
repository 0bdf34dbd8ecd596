/** `geoduck explain LAYER PATH...`: the arguments of a page as flags, each of them JSON, or a text that is none. */
import { type Command, Option } from 'commander'
import type { ConfigInputs } from '../../config/resolve.ts'

const ENCODINGS = ['features', 'geojson', 'arrow'] as const

export interface ExplainArguments {
  readonly layer: string
  readonly encoding: (typeof ENCODINGS)[number]
  /** Run it, and tell what that took. */
  readonly analyze: boolean
  /** Arguments of the page by name, as JSON values. */
  readonly page: Readonly<Record<string, unknown>>
  /** Paths and the program's own flags. */
  readonly given: ConfigInputs
}

const EXAMPLES = `
Examples:
  geoduck explain parcels data/                                            a page of everything
  geoduck explain parcels data/ --where '{"bbox": [7, 47, 7.1, 47.1]}'     what a filter leaves unread
  geoduck explain parcels data/ --order-by '[{"property": "area", "direction": "DESC"}]' --analyze    where the time goes

Values are those of the contract (geoduck schema), as JSON. It reads the sources like a server, and answers once they are scanned; what the
first start has found is kept for the next. It shows values and names of files: clients get neither, by \`explain\` on a page.`

/** Flag -> argument of \`features\`. */
const PAGE: Readonly<Record<string, readonly [flag: string, description: string]>> = {
  where: ['--where <filter>', 'which features, a FeatureFilter'],
  orderBy: ['--order-by <order>', 'sort keys, a list of FeatureOrder'],
  first: ['--first <number>', 'most features in the page (default: 100)'],
  after: ['--after <cursor>', 'go on behind it; servers with the same data and --cursor-secret take it'],
  crs: ['--crs <code>', 'what coordinates come out in, e.g. EPSG:3857'],
  simplify: ['--simplify <number>', 'tolerance in units of the CRS that comes out'],
}

/** @param given what the program's own flags and these paths say */
export function addExplainCommand(
  program: Command,
  given: (paths: readonly string[]) => ConfigInputs,
  run: (options: ExplainArguments) => Promise<void>,
): void {
  const command = program
    .command('explain')
    .description(
      'tell how a page would be made: statement, values, what is left unread, the plan of the engine; takes the same flags',
    )
    .usage('LAYER PATH... [flags]')
    .argument('<LAYER>', 'as `layers` has it')
    .argument('[PATH...]', 'as for serving')
    .addOption(new Option('--encoding <encoding>', 'what is selected of the page').choices(ENCODINGS).default('features'))
    .option('--analyze', 'run it, and tell rows and time of each step', false)
    .helpOption('--help', 'print this')
    .addHelpText('after', EXAMPLES)
  for (const [flag, description] of Object.values(PAGE)) command.option(flag, description)
  command.action(async (layer: string, paths: string[], options: Record<string, unknown>) => {
    const page = Object.keys(PAGE).flatMap((name) => (name in options ? [[name, jsonOrText(options[name] as string)]] : []))
    await run({
      layer,
      encoding: options['encoding'] as ExplainArguments['encoding'],
      analyze: options['analyze'] === true,
      page: Object.fromEntries(page),
      given: given(paths),
    })
  })
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
