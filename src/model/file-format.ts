/** The formats of files, by their endings. */

/** Formats that are sent while they are made. */
export const STREAM_FORMATS = ['arrows', 'geojsonl', 'geojson', 'csv'] as const

/** Formats that are sent when the file is finished. */
export const FINISHED_FORMATS = ['parquet', 'fgb', 'gpkg', 'shp.zip', 'kml', 'pmtiles'] as const

export const FILE_FORMATS = [...STREAM_FORMATS, ...FINISHED_FORMATS] as const

export type StreamFormat = (typeof STREAM_FORMATS)[number]
export type FinishedFormat = (typeof FINISHED_FORMATS)[number]
export type FileFormat = StreamFormat | FinishedFormat

export function isStreamed(format: FileFormat): format is StreamFormat {
  return (STREAM_FORMATS as readonly string[]).includes(format)
}
