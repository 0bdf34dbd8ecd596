/** `geoduck export PATH... --layer NAME --out FILE`: the arguments of a download as flags. Each is JSON, or text that is not JSON. */
import { type Command, Option } from 'commander'
import { ConfigurationError } from '../../config/configuration-error.ts'
import type { ConfigInputs } from '../../config/resolve.ts'
import { FILE_FORMATS, type FileFormat } from '../../model/file-format.ts'

export interface ExportArguments {
  readonly layer: string
  readonly format: FileFormat
  readonly out: string
  readonly replace: boolean
  /** Arguments of the download by name, as JSON values. */
  readonly download: Readonly<Record<string, unknown>>
  /** Paths and the program's own flags. */
  readonly given: ConfigInputs
}

const EXAMPLES = `
Examples:
  geoduck export city.duckdb --layer parcels --out parcels.gpkg           a whole layer
  geoduck export data/ --layer roads --out roads.shp.zip --crs EPSG:2154 --only name,class
  geoduck export data/ --layer trees --out trees.parquet --where '{"bbox": [7, 47, 7.1, 47.1]}'
  geoduck export data/ --layer trees --out trees.txt --format csv --order-by '[{"property": "height", "direction": "DESC"}]' --limit 100

Values are those of the contract (geoduck schema), as JSON. The file appears when it is complete: if the export stops before, nothing changes.
docs/exports.md has what each format loses.`

/** Flag → argument of a download. */
const DOWNLOAD: Readonly<Record<string, readonly [flag: string, description: string]>> = {
  where: ['--where <filter>', 'filter, a FeatureFilter'],
  only: ['--only <names>', 'properties, with commas between them'],
  crs: ['--crs <code>', 'CRS of the file, such as EPSG:2154'],
  orderBy: ['--order-by <order>', 'sort keys, a list of FeatureOrder'],
  limit: ['--limit <number>', 'maximum number of features'],
  simplify: ['--simplify <number>', 'tolerance in units of the CRS of the file'],
  minZoom: ['--min-zoom <number>', 'first zoom of the tiles in .pmtiles (default: 0)'],
  maxZoom: ['--max-zoom <number>', 'last zoom of the tiles in .pmtiles (default: up to 14, as the layer needs)'],
  precision: ['--precision <number>', 'decimals of coordinates in GeoJSON and CSV (default: 7)'],
}

/** @param given combines the program's own flags with these paths */
export function addExportCommand(
  program: Command,
  given: (paths: readonly string[]) => ConfigInputs,
  run: (options: ExportArguments) => Promise<void>,
): void {
  const command = program
    .command('export')
    .description('write a layer, or the features that match a filter, to a file; accepts the same flags')
    .usage('PATH... --layer NAME --out FILE [flags]')
    .argument('[PATH...]', 'as for serving')
    .requiredOption('--layer <name>', 'its name, as in `layers`')
    .requiredOption('--out <file>', 'the file to write')
    .addOption(new Option('--format <format>', 'format of the file (default: the ending of --out)').choices(FILE_FORMATS))
    .option('--replace', 'put it in the place of a file that exists', false)
    .helpOption('--help', 'print this')
    .addHelpText('after', EXAMPLES)
  for (const [flag, description] of Object.values(DOWNLOAD)) command.option(flag, description)
  command.action(async (paths: string[], options: Record<string, unknown>) => {
    const out = options['out'] as string
    const download = Object.keys(DOWNLOAD).flatMap((name) =>
      name in options ? [[name, jsonOrText(name, options[name] as string)]] : [],
    )
    await run({
      layer: options['layer'] as string,
      format: (options['format'] as FileFormat | undefined) ?? formatOf(out),
      out,
      replace: options['replace'] === true,
      download: Object.fromEntries(download),
      given: given(paths),
    })
  })
}

/** @throws ConfigurationError */
function formatOf(file: string): FileFormat {
  const format = FILE_FORMATS.find((name) => file.toLowerCase().endsWith(`.${name}`))
  if (format) return format
  throw new ConfigurationError(`No format has the ending of ${file}: name one of ${FILE_FORMATS.join(', ')} by --format.`)
}

function jsonOrText(name: string, text: string): unknown {
  if (name === 'only' && !text.startsWith('[')) return text.split(',').map((item) => item.trim())
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
