/** Options of one layer in the configuration, and their effect on the layer. */
import { hash } from 'node:crypto'
import { crsOfText } from '../geometry/read-crs.ts'
import { type CoveringMembers, type Field, hasGeometry, type LayerKey, MOST_ENUM_VALUES, type OnInvalid } from '../model/layer.ts'
import { nearNames } from '../model/near-names.ts'
import type { ServedDescription } from './source.ts'

export interface LayerOptions {
  /** A valid name that no other layer has. */
  readonly name: string
  /** The name of its root field in GraphQL. Absent: derived from the name. */
  readonly graphqlName?: string | undefined
  /** The fields of columns in GraphQL, by column. */
  readonly fields?: Readonly<Record<string, FieldOptions>> | undefined
  /** A file, a folder that is one layer, or a glob pattern. Absent for a table of an engine. */
  readonly path?: string | undefined
  /** A table of a database: `table` or `schema.table`. Absent if there is only one. Of an engine: `catalog.database.table`. */
  readonly table?: string | undefined
  /** The engine that gathers its rows. It needs a `key`. */
  readonly engine?: string | undefined
  /** The geometry of a table of an engine. */
  readonly geometry?: TableGeometry | undefined
  /** The column of the key. */
  readonly key?: string | undefined
  /** The columns that are shown, or the columns that are hidden. */
  readonly columns?: { readonly include: readonly string[] } | { readonly exclude: readonly string[] } | undefined
  /** `AUTHORITY:CODE`. It replaces the CRS of the source. */
  readonly crs?: string | undefined
  /** @default flag */
  readonly onInvalid?: OnInvalid | undefined
  /** The column by which tiles of low zooms choose features. */
  readonly importance?: string | undefined
  readonly title?: string | undefined
  readonly description?: string | undefined
}

export interface TableGeometry {
  /** It has WKB. */
  readonly column: string
  /** The boxes of the geometries: a column with the members `xmin`, `ymin`, `xmax` and `ymax`, or four columns. */
  readonly covering?: string | CoveringMembers | undefined
}

interface FieldOptions {
  readonly graphqlName?: string | undefined
  readonly description?: string | undefined
  /** True: an enum in GraphQL if the check finds few values. */
  readonly enum?: boolean | undefined
}

/** The layer's fingerprint: of its source and its configuration. Titles have no effect. */
export function fingerprintWith(options: LayerOptions | null, source: string): string {
  const { key, columns, crs, onInvalid = 'flag' } = options ?? {}
  if (!key && !columns && !crs && onInvalid === 'flag') return source
  return hash('sha256', JSON.stringify([source, key, columns, crs, onInvalid])).slice(0, source.length)
}

/**
 * Applies the options to the description of a layer. `problems` are options that cannot be met, although the layer is served.
 *
 * @throws Error with the reason, for columns that the source does not have: a hidden column with a wrong name would be visible to all
 * clients
 */
export function withOptions(
  description: ServedDescription,
  options: LayerOptions,
): { readonly description: ServedDescription; readonly problems: readonly string[] } {
  const hidden = hiddenColumns(description, options)
  const isShown = (name: string) => !hidden.includes(name)
  const { onInvalid, problems } = handling(description, options)
  const { title = null, description: text = null, key: wantedKey = null, graphqlName = null } = options
  const wantedCrs = hasGeometry(description) ? (options.crs ?? null) : null
  const { enums, notEnums } = enumsOf(
    description.columnsUncovered.filter(({ name }) => isShown(name)),
    options,
  )
  const { importance, notImportance } = importanceOf(
    description.columnsUncovered.filter(({ name }) => isShown(name)),
    options,
  )
  const shown = (columns: readonly Field[]) =>
    columns.filter(({ name }) => isShown(name)).map((column) => asField(column, options))
  return {
    description: {
      ...description,
      columns: shown(description.columns),
      columnsUncovered: shown(description.columnsUncovered),
      unproven: description.unproven.filter(({ column }) => isShown(column)),
      keyCandidates: description.keyCandidates.filter(isShown),
      key: keyBeforeScan(description.key, wantedKey, isShown),
      // A footer counts every row.
      featureCount: onInvalid === 'drop' ? null : description.featureCount,
      crs: wantedCrs === null ? description.crs : crsOfText(wantedCrs),
      tailoring: {
        title,
        description: text,
        graphqlName,
        hidden,
        ...(enums.length > 0 && { enums }),
        onInvalid,
        ...(importance !== undefined && { importance }),
      },
      wantedKey,
      wantedCrs,
    },
    problems: [...problems, ...notEnums, ...notImportance, ...unknownFields(description, options)],
  }
}

function asField(column: Field, { fields = {} }: LayerOptions): Field {
  const { graphqlName, description } = Object.hasOwn(fields, column.name) ? fields[column.name]! : {}
  return { ...column, ...(graphqlName !== undefined && { graphqlName }), ...(description !== undefined && { description }) }
}

/** Returns the columns whose values the check reads. A column of the engine's own enum type is an enum without a check. */
function enumsOf(
  columns: readonly Field[],
  { fields = {} }: LayerOptions,
): { readonly enums: readonly string[]; readonly notEnums: readonly string[] } {
  const wanted = columns.filter(({ name }) => Object.hasOwn(fields, name) && fields[name]!.enum)
  const problemOf = ({ name, type, native }: Field): string | [] => {
    if (type.kind === 'dictionary')
      return type.values.length > MOST_ENUM_VALUES
        ? `its column ${name} has more than ${MOST_ENUM_VALUES.toLocaleString('en')} values, so it stays a String: leave out \`enum\` of it`
        : []
    return type.kind === 'utf8'
      ? []
      : `its column ${name} is ${native} and cannot be an enum (a text can): leave out \`enum\` of it`
  }
  return {
    enums: wanted.filter(({ type }) => type.kind === 'utf8').map(({ name }) => name),
    notEnums: wanted.flatMap(problemOf),
  }
}

const NUMBERS: ReadonlySet<string> = new Set<Field['type']['kind']>(['int', 'float', 'decimal'])

function importanceOf(
  columns: readonly Field[],
  { importance }: LayerOptions,
): { readonly importance?: string; readonly notImportance: readonly string[] } {
  if (importance === undefined) return { notImportance: [] }
  const column = columns.find(({ name }) => name === importance)
  if (column && NUMBERS.has(column.type.kind)) return { importance, notImportance: [] }
  const is = column ? `is ${column.native}, and not a number` : 'is none of its properties'
  return { notImportance: [`its \`importance\` names \`${importance}\`, which ${is}; name a column of numbers`] }
}

function unknownFields({ columnsUncovered }: ServedDescription, { fields = {} }: LayerOptions): readonly string[] {
  const names = columnsUncovered.map(({ name }) => name)
  return Object.keys(fields)
    .filter((name) => !names.includes(name))
    .map((name) => {
      const near = nearNames(name, names).map((other) => `\`${other}\``)
      const hint = near.length > 0 ? `; near: ${near.join(', ')}` : ''
      return `its \`fields\` name \`${name}\`, which is none of its properties${hint}`
    })
}

function hiddenColumns({ columnsUncovered, geometryColumn }: ServedDescription, { columns }: LayerOptions): string[] {
  const names = columnsUncovered.map(({ name }) => name)
  if (!columns) return []
  const listed = 'include' in columns ? columns.include.filter((name) => name !== geometryColumn) : columns.exclude
  const unknown = listed.find((name) => !names.includes(name))
  if (unknown !== undefined) {
    const near = nearNames(unknown, names).map((name) => `\`${name}\``)
    const hint = unknown === geometryColumn ? ': it is the geometry' : near.length > 0 ? `; near: ${near.join(', ')}` : ''
    throw new Error(`it is not served: its \`columns\` name \`${unknown}\`, which is none of its properties${hint}`)
  }
  return names.filter((name) => listed.includes(name) !== 'include' in columns)
}

/** A primary key needs no proof. */
function keyBeforeScan(key: LayerKey, wanted: string | null, isShown: (name: string) => boolean): LayerKey {
  const stays = key.kind === 'COLUMN' && (wanted === null ? isShown(key.column) : wanted === key.column)
  return stays ? key : { kind: 'ROW_NUMBER' }
}

function handling(
  { geometryEncoding }: ServedDescription,
  { crs, onInvalid: wanted = 'flag' }: LayerOptions,
): { onInvalid: OnInvalid; problems: string[] } {
  if (geometryEncoding === null) {
    const given = [...(crs === undefined ? [] : ['crs']), ...(wanted === 'flag' ? [] : ['onInvalid'])]
    return {
      onInvalid: 'flag',
      problems: given.map((name) => `\`${name}\` does not hold for a table without geometry: leave it out`),
    }
  }
  if (wanted === 'flag' || geometryEncoding === 'GEOMETRY' || geometryEncoding === 'WKB')
    return { onInvalid: wanted, problems: [] }
  const problem = `\`onInvalid: ${wanted}\` does not hold for geometry that is stored as native ${geometryEncoding}: store it as WKB`
  return { onInvalid: 'flag', problems: [problem] }
}
