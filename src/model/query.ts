/**
 * Checked queries: plain, frozen data that any engine can run. `ask/` makes a query once per operation, and it contains nothing
 * as the client wrote it.
 */
import type { Output } from '../encode/batch.ts'
import type { Grid } from '../geometry/cells.ts'
import type { CursorKey } from './cursor-seal.ts'
import type { FieldType } from './field-type.ts'
import type { Crs, Field, Layer } from './layer.ts'
import type { Filter, Geometry, Member, Predicate, Probe } from './predicate.ts'

export type Query = FeatureQuery | GroupQuery

/** A layer as its caller sees it. */
export interface View {
  readonly layer: Layer
  /** The properties that the caller may see. */
  readonly fields: readonly Field[]
  /** The rule that a feature must meet so that the caller may see it. Null for all features. */
  readonly rule: Filter | null
  /** A digest that is equal for callers who may see the same. Cursors are bound to it. */
  readonly digest: string
}

/** A query for features. */
export interface FeatureQuery {
  readonly kind: 'features'
  readonly view: View
  readonly where: Filter | null
  /** Selects only the feature with this key. Absent: any feature. */
  readonly key?: FeatureKey
  /**
   * Selects one of 2^thinning features, always the same ones: those of a higher number are among those of a lower one. It
   * is for layers with a geometry, and leaves out features without one. @default 0: all
   */
  readonly thinning?: number
  /** Selects only the features with the largest ranks, and leaves out features without a geometry. @default all */
  readonly ranked?: RankThreshold
  readonly orderBy: readonly SortKey[]
  /** The maximum number of rows from `after` on. Null: all. */
  readonly limit: number | null
  /** The query continues after this row. */
  readonly after: RowPosition | null
  readonly outputs: readonly Output[]
  /** The part of a difference between two versions that each output has. Absent: the query is for no difference. */
  readonly parts?: readonly DifferencePart[]
  /**
   * The properties that the outputs have of features that match both times. Such a feature is in a difference only if one of these has changed, or the
   * geometry, if an output has it. Empty, and without a geometry: every change counts. Absent: every change counts.
   */
  readonly watched?: readonly Field[]
  /** The difference is between these files and those of the view's layer, which have the same columns and key. Absent: the layer is live. */
  readonly earlier?: Layer
  /** The difference is between this filter and `where`, at one version. Absent: it is between two versions. */
  readonly movedFrom?: Filter
  /** The query is for events: what the changes of a live layer mean for fences. Absent: it is for features. */
  readonly fencing?: Fencing
  /** Outputs refer to these by index. Absent: one, `AS_STORED`. */
  readonly representations?: readonly Representation[]
  /** Signs the cursors in the outputs. Absent if they contain none. */
  readonly cursorKey?: CursorKey
  /** The properties that the outputs need. Only these are read. */
  readonly properties: readonly Field[]
}

/** The rank of a feature: the value of a field, or the width and height of its box together. What is no finite number ranks lowest. */
export type Rank = Field | 'size'

/** Selects the features with a rank above `least`, and a share of those that have exactly this rank, by a hash of the row. */
export interface RankThreshold {
  readonly by: Rank
  readonly least: number
  /** From 0 to 1. */
  readonly share: number
}

/**
 * The parts of a difference, by whether the filter matches the earlier and the later image: features that match only now, that match both times, and
 * that matched only then. Rows of a difference are in this order.
 */
export const DIFFERENCE_PARTS = ['ADDED', 'UPDATED', 'REMOVED'] as const
export type DifferencePart = (typeof DIFFERENCE_PARTS)[number]

/**
 * The first three compare an object before and after a change. INSIDE and OUTSIDE are about the object after it, DWELL is about several changes, and
 * ROAM about two objects.
 */
export const DETECTIONS = ['ENTER', 'EXIT', 'CROSS', 'INSIDE', 'OUTSIDE', 'DWELL', 'ROAM'] as const
export type Detection = (typeof DETECTIONS)[number]

export interface Fencing {
  readonly area: FenceArea
  readonly detect: readonly Detection[]
  /** The column with the time of an object, and the seconds for which it must be inside, for DWELL. */
  readonly dwell?: { readonly time: Field; readonly seconds: number }
}

/** A geometry, the features of a layer in the same CRS, or the neighbourhoods of the objects. */
export type FenceArea =
  | { readonly kind: 'geometry'; readonly geometry: Geometry }
  | { readonly kind: 'layer'; readonly view: View }
  /** `view`: the objects before the changes. The distance is in metres or in units of the CRS. */
  | { readonly kind: 'roam'; readonly view: View; readonly distance: number }

/** The columns of events beside those of their objects. Names of properties contain no colon. */
export const EVENT_COLUMNS = {
  version: 'live:version',
  detect: 'live:detect',
  fence: 'live:fence',
  distance: 'live:distance',
} as const

/** More of them for DWELL: its events are all changes of objects that are inside before or after it. The server chooses. */
export const STAY_COLUMNS = { stay: 'live:stay', time: 'live:time' } as const

/**
 * A query for groups of the matching features. A group is a row of a derived relation with one column per key and measure. Without
 * keys there is exactly one group, also if no feature matches.
 */
export interface GroupQuery {
  readonly kind: 'groups'
  readonly view: View
  readonly where: Filter | null
  /** All of them together identify a group. */
  readonly keys: readonly GroupKey[]
  readonly measures: readonly Measure[]
  /** A filter of groups, whose members are columns of the derived relation. */
  readonly having: Predicate | null
  /** Its fields are columns of the derived relation. The other keys follow, and break every tie. */
  readonly orderBy: readonly PropertySortKey[]
  /** A digest of keys, `having` and order. Cursors are bound to it. */
  readonly digest: string
  /** True: the result is one row with the number of groups that meet `having`. @default false */
  readonly counted?: boolean
  readonly limit: number | null
  readonly after: RowPosition | null
  readonly outputs: readonly Output[]
  readonly cursorKey?: CursorKey
}

/** A column of the derived relation. */
export interface GroupColumn {
  /** Its name in the derived relation, which the server makes, and the type by which it is compared and sorted. */
  readonly field: Field
  /**
   * The type of its values in the result. JSON_TEXT: JSON that the statement writes. GEOMETRY: one of the geometries of a group, which outputs
   * name by their index. @default the field's
   */
  readonly shown?: FieldType | 'JSON_TEXT' | 'GEOMETRY'
}

export type GroupKey = GroupColumn &
  (
    | { readonly kind: 'value'; readonly member: Member }
    /** `timeZone` is null for dates, and for timestamps without a zone. */
    | { readonly kind: 'time'; readonly member: Member; readonly every: Period; readonly timeZone: string | null }
    /** One of the two indexes of a cell. Both are null for a feature without a place. */
    | { readonly kind: 'cell'; readonly grid: Grid; readonly axis: 'first' | 'second' }
  )

/** The length of a time bucket: whole months, or microseconds as text. */
export type Period = { readonly months: number } | { readonly microseconds: string }

export type Measure = GroupColumn & {
  readonly figure: Figure
  /** True if groups are sorted or filtered by it: then every execution must compute the very same value. @default false */
  readonly sorted?: boolean
}

/** Values inside JSON are counted by their text. Other figures of them are those of the numbers; other values count as null. */
export type Figure =
  | { readonly kind: 'features' }
  | {
      readonly kind: 'count' | 'distinct' | 'distinctApproximate' | 'sum' | 'min' | 'max' | 'avg' | 'stddev'
      readonly member: Member
    }
  /** `at`: shares from 0 to 1. Numbers are interpolated; of other types it is the least value with at least that share. */
  | { readonly kind: 'quantiles'; readonly member: Member; readonly at: readonly number[] }
  /** The value of the first or last feature in an order, which the natural order follows. */
  | { readonly kind: 'first' | 'last'; readonly member: Member; readonly orderBy: readonly PropertySortKey[] }
  /** The edges of bins have equal distances, or are quantiles. */
  | {
      readonly kind: 'histogram'
      readonly member: Member
      readonly bins: number
      readonly edges: 'EQUAL_WIDTH' | 'QUANTILE'
      readonly parts: readonly ItemPart[]
    }
  /** The values with the highest counts. */
  | { readonly kind: 'values'; readonly member: Member; readonly first: number; readonly parts: readonly ItemPart[] }
  | { readonly kind: 'extent' | 'centroid' }
  /** The mean of the places by which features belong to cells, in metres of Web Mercator. */
  | { readonly kind: 'mercator'; readonly axis: 'x' | 'y' }
  /** `vertices`: the maximum number of vertices of all features that match the filter. */
  | { readonly kind: 'convexHull' | 'union'; readonly vertices: number }

/** A member of the JSON object of an item, under its response key. */
export interface ItemPart {
  readonly key: string
  /** `HistogramBin` and those that end with `ValueCount` stand for the name of that type. */
  readonly member: 'value' | 'count' | 'from' | 'to' | 'HistogramBin' | `${string}ValueCount`
}

/** The value that a key is compared with: text in the form of the field's type (`ask/values/`), or of any value of it. */
export type FeatureKey =
  | { readonly kind: 'row'; readonly row: bigint }
  | { readonly kind: 'value' | 'text'; readonly field: Field; readonly text: string }
  /** No feature of the layer can have the requested key. */
  | { readonly kind: 'none' }

export type SortKey = PropertySortKey | DistanceSortKey

interface SortDirection {
  readonly descending: boolean
  readonly nullsFirst: boolean
}

export interface PropertySortKey extends SortDirection {
  readonly kind: 'property'
  readonly field: Field
}

/** The distance of the feature's geometry. It is null for a feature without a geometry, or with an empty one. */
export interface DistanceSortKey extends SortDirection {
  readonly kind: 'distance'
  readonly probe: Probe
}

/** The end of a batch in the order: the last row's key values as text, in the order of the plan's keys. */
export interface RowPosition {
  /**
   * True stands for a value that is not null and too long to carry. It is read from the row, which the natural order
   * identifies.
   */
  readonly keys: readonly (string | null | true)[]
}

/** The CRS and tolerance of a geometry in the result. */
export interface Representation {
  /** The CRS of the result. Null: the layer's. */
  readonly crs: Crs | null
  /** The tolerance in units of the result's CRS. Null: the geometry is not simplified. */
  readonly simplify: number | null
}

/** The layer's CRS, with every vertex. */
export const AS_STORED: Representation = { crs: null, simplify: null }
