/**
 * Environment of a process that reads files by GDAL. FlatGeobuf's own way into Arrow takes a missing geometry for garbage, which the engine
 * then reads: the plain way is as fast. No file beside those that are named is looked for.
 */
export const GDAL_ENVIRONMENT = {
  OGR_FLATGEOBUF_STREAM_BASE_IMPL: 'YES',
  GDAL_PAM_ENABLED: 'NO',
  GDAL_SKIP: 'OGR_VRT',
  CPL_CURL_ENABLE_VSIMEM: 'NO',
} as const satisfies Readonly<Record<string, string>>
