/**
 * Reads the query of a download: the arguments of `featureBatches` as JSON values by name, and short forms of them. The schema
 * defines which values are valid.
 */
import type { GraphQLArgument, GraphQLObjectType, GraphQLSchema } from 'graphql'
import type { Output } from '../encode/batch.ts'
import type { FeatureBatchArrowArgs, FeatureBatchGeojsonArgs, SubscriptionFeatureBatchesArgs } from '../graphql/generated.ts'
import { FILE_FORMATS, type FileFormat } from '../model/file-format.ts'
import type { Layer } from '../model/layer.ts'
import { show } from '../model/show.ts'
import { badInput, coerceArguments, inRange, isGiven, LIMIT, refuseUnknown, withOnly } from './arguments.ts'
import { type FeatureRequest, findLayer, type ReadContext, readFeatureRequest } from './feature-request.ts'
import {
  arrowOutput,
  columnsOutput,
  csvOutput,
  geoJsonOutput,
  kmlOutput,
  type SelectionContext,
  selectionOf,
} from './selection.ts'
import { MAP_ZOOM, MOST_ZOOM, readPyramidQuery, tileArguments } from './tile-query.ts'

type Given = Readonly<Record<string, unknown>>

export interface DownloadRequest {
  readonly layer: string
  readonly format: FileFormat
  /** Arguments by name, with any JSON value from the client. */
  readonly given: Given
}

export interface DownloadQuery extends FeatureRequest {
  /** The zooms of an archive of tiles: from `first` to `last`. Null for other formats. */
  readonly zooms: {
    readonly first: number
    /** Null: it follows from the features. */
    readonly last: number | null
    /** The first zoom whose tiles are not simplified. */
    readonly exactZoom: number
  } | null
}

type Arguments = Omit<SubscriptionFeatureBatchesArgs, 'layer'> & Partial<FeatureBatchGeojsonArgs & FeatureBatchArrowArgs>

/** A format with features, not with tiles. */
type FeatureFormat = Exclude<FileFormat, 'pmtiles'>

/** The field of a batch for each format. A download accepts the arguments of that field too. */
const FIELDS: Readonly<Record<FeatureFormat, string>> = {
  arrows: 'arrow',
  geojsonl: 'geojson',
  geojson: 'geojson',
  csv: 'geojson',
  parquet: 'arrow',
  fgb: 'arrow',
  gpkg: 'arrow',
  'shp.zip': 'arrow',
  kml: 'arrow',
}
/** Formats whose features may have a member `bbox`. */
const WITH_BOXES: readonly FileFormat[] = ['geojsonl', 'geojson']
/** Arguments of `featureBatches` that a download expresses in another way. */
const LEFT_OUT: readonly string[] = ['layer', 'batchSize']
/** Short forms, named as in OGC API Features: a box of `where`, its CRS, and `only`. */
const SHORT_FORMS = ['bbox', 'bbox-crs', 'properties'] as const

/** Names of the same thing in other services: OGC API Features, WFS, ArcGIS and others. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  ...sameAs('`where`', ['cql', 'cql_filter', 'datetime', 'filter', 'filter-crs', 'filter-lang', 'q', 'query', 'time']),
  ...sameAs('`orderBy`', ['order', 'sort', 'sortby']),
  ...sameAs('`limit`', ['count', 'first', 'maxfeatures', 'resultrecordcount']),
  ...sameAs('`after`, with the cursor of the trailer `geoduck-cursor`', ['cursor', 'offset', 'page', 'startindex']),
  ...sameAs('`properties`', ['attributes', 'columns', 'fields', 'outfields', 'propertyname', 'select']),
  ...sameAs('`crs`', ['epsg', 'outsr', 'srs', 'srsname']),
  ...sameAs('`simplify`', ['max-allowable-offset', 'maxallowableoffset', 'tolerance']),
  ...sameAs(`the ending of the path, ${listed(FILE_FORMATS)}`, ['f', 'format', 'outputformat']),
  ...sameAs('the header `Authorization: Bearer TOKEN`', ['access_token', 'token']),
}

function sameAs(instead: string, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, instead]))
}

/** Returns `.arrows, .geojsonl or .csv`. */
function listed(formats: readonly FileFormat[]): string {
  const endings = formats.map((format) => `.${format}`)
  return `${endings.slice(0, -1).join(', ')} or ${endings.at(-1)}`
}

/**
 * Returns the query. @throws GeoduckError as for a subscription, and BAD_INPUT for an argument that a download does not accept
 */
export async function readDownloadQuery(
  schema: GraphQLSchema,
  { layer, format, given }: DownloadRequest,
  context: ReadContext,
): Promise<DownloadQuery> {
  if (format === 'pmtiles') return await readArchiveQuery(schema, layer, given, context)
  const known = argumentsOf(schema, format)
  refuseUnknown(given, [...new Set([...known.map(({ name }) => name), ...SHORT_FORMS])], 'A download', OTHER_NAMES)
  const { bbox } = given
  // The member `bbox` of each feature, and a box of the filter.
  const isMember = typeof bbox === 'boolean' && WITH_BOXES.includes(format)
  const box = isMember ? null : bbox
  const args = coerceArguments({ ...withoutShortForms(given, box), ...(isMember && { bbox }) }, known, 'A download') as Arguments
  if (typeof args.limit === 'number') inRange('limit', args.limit, LIMIT)
  const request = await readFeatureRequest({ ...args, layer }, context, (asked) => {
    if (isGiven(box) && !isGiven(given['bbox-crs'])) requireLonLatBox(asked.view.layer)
    // The trailer of the response reports it.
    return { ...selectionOf(asked, [outputOf(format, args, asked)]), countsScan: true }
  })
  return { ...request, zooms: null }
}

const ZOOMS = ['minZoom', 'maxZoom'] as const

/** The query of all tiles of a layer. */
async function readArchiveQuery(
  schema: GraphQLSchema,
  layer: string,
  given: Given,
  context: ReadContext,
): Promise<DownloadQuery> {
  const known = tileArguments(schema)
  refuseUnknown(given, [...known.map(({ name }) => name), ...ZOOMS, ...SHORT_FORMS], 'An archive of tiles', OTHER_NAMES)
  const { minZoom, maxZoom, bbox, ...others } = given
  const args = coerceArguments(withoutShortForms(others, bbox), known, 'An archive of tiles') as Pick<
    Arguments,
    'where' | 'deadline' | 'only'
  >
  const first = zoomOf('minZoom', minZoom) ?? 0
  const last = zoomOf('maxZoom', maxZoom)
  if (last !== null && last < first) throw badInput(`\`maxZoom\` is ${last}, which is less than \`minZoom\`, ${first}.`)
  const { where, deadline, only } = args
  const request = await readPyramidQuery(await findLayer(layer, context), { where, deadline, only: only ?? null }, context)
  if (isGiven(bbox) && !isGiven(given['bbox-crs'])) requireLonLatBox(request.query.view.layer)
  return { ...request, zooms: { first, last, exactZoom: MAP_ZOOM } }
}

function zoomOf(name: (typeof ZOOMS)[number], zoom: unknown): number | null {
  if (!isGiven(zoom)) return null
  if (!Number.isInteger(zoom)) throw badInput(`\`${name}\` is a whole number from 0 to ${MOST_ZOOM}, not ${show(String(zoom))}.`)
  return inRange(name, zoom as number, [0, MOST_ZOOM, 0])
}

function outputOf(format: FeatureFormat, args: Arguments, asked: SelectionContext): Output {
  switch (format) {
    case 'arrows':
      return arrowOutput('arrow', args, asked)
    case 'geojsonl':
      return geoJsonOutput('geojson-lines', args, asked)
    case 'geojson':
      return geoJsonOutput('geojson-members', args, asked)
    case 'csv':
      return csvOutput(args, asked)
    case 'kml':
      return kmlOutput(args, asked)
    default:
      return columnsOutput(args, asked)
  }
}

function argumentsOf(schema: GraphQLSchema, format: FeatureFormat): readonly GraphQLArgument[] {
  const batches = schema.getSubscriptionType()!.getFields()['featureBatches']!
  const encoding = (schema.getType('FeatureBatch') as GraphQLObjectType).getFields()[FIELDS[format]]!
  const own = encoding.args.filter(({ name }) => {
    if (name === 'bbox') return WITH_BOXES.includes(format)
    return name !== 'geometry' || format === 'arrows'
  })
  return [...batches.args.filter(({ name }) => !LEFT_OUT.includes(name)), ...own]
}

/** Returns the arguments of the schema for the short forms. */
function withoutShortForms(given: Given, bbox: unknown): Given {
  const { 'bbox-crs': crs, bbox: _, ...others } = given
  const args = withOnly(others)
  if (isGiven(crs) && !isGiven(bbox)) throw badInput('`bbox-crs` is the CRS of a `bbox`, which is missing.')
  if (!isGiven(bbox)) return args
  const box = isGiven(crs) ? { intersects: { bbox, crs } } : { bbox }
  return { ...args, where: isGiven(args['where']) ? { and: [args['where'], box] } : box }
}

/**
 * Other services read a box without a CRS as longitude and latitude, and a filter reads it in the layer's CRS. In a layer where
 * that differs, it has to be said.
 */
function requireLonLatBox({ name, crs }: Layer): void {
  if (crs === null || crs.isLonLat) return
  const own = crs.code ?? crs.name
  throw badInput(`\`bbox\`: ${name} is in ${own}; add the CRS of the box, \`bbox-crs=OGC:CRS84\` or another.`)
}
