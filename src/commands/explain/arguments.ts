/** `geoduck explain LAYER PATH...`: the arguments of a page as flags. Each is JSON, or text that is not JSON. */
import { type Command, Option } from 'commander'
import type { ConfigInputs } from '../../config/resolve.ts'

const ENCODINGS = ['features', 'geojson', 'arrow'] as const

export interface ExplainArguments {
  readonly layer: string
  readonly encoding: (typeof ENCODINGS)[number]
  /** Run the query, and report its cost. */
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

/** Flag → argument of `features`. */
const PAGE: Readonly<Record<string, readonly [flag: string, description: string]>> = {
  where: ['--where <filter>', 'filter, a FeatureFilter'],
  orderBy: ['--order-by <order>', 'sort keys, a list of FeatureOrder'],
  first: ['--first <number>', 'maximum number of features in the page (default: 100)'],
  after: ['--after <cursor>', 'continue after this cursor; servers with the same data and --cursor-secret accept it'],
  crs: ['--crs <code>', 'CRS of the result, such as EPSG:3857'],
  simplify: ['--simplify <number>', 'tolerance in units of the CRS of the result'],
}

/** @param given combines the program's own flags with these paths */
export function addExplainCommand(
  program: Command,
  given: (paths: readonly string[]) => ConfigInputs,
  run: (options: ExplainArguments) => Promise<void>,
): void {
  const command = program
    .command('explain')
    .description('explain a page: SQL, values, skipped row groups, and the plan of the engine; accepts the same flags')
    .usage('LAYER PATH... [flags]')
    .argument('<LAYER>', 'its name, as in `layers`')
    .argument('[PATH...]', 'as for serving')
    .addOption(new Option('--encoding <encoding>', 'encoding of the page').choices(ENCODINGS).default('features'))
    .option('--analyze', 'run the query, and show rows and time of each step', false)
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
