/**
 * The environment of every process that reads files: nothing of the server's but what a program needs to run, and no way to the network. All
 * DuckDB calls of a process share libuv's threads: a running query must leave some for the rest.
 */
export function workerEnvironment(threads: number): Record<string, string> {
  const { HOME, PATH, LANG, TMPDIR, NODE_COMPILE_CACHE } = process.env
  const kept = Object.entries({ HOME, PATH, LANG, TMPDIR, NODE_COMPILE_CACHE }).filter(
    (entry): entry is [string, string] => !!entry[1],
  )
  return { ...Object.fromEntries(kept), UV_THREADPOOL_SIZE: String(threads + 4), NODE_NO_WARNINGS: '1', ...NO_NETWORK }
}

/**
 * For PROJ and for curl, by which GDAL fetches: through a proxy of a kind that there is not, curl fails before it opens a socket. A second line:
 * the first is the kernel (`worker/no-network.ts`).
 */
const NO_NETWORK = {
  PROJ_NETWORK: 'OFF',
  http_proxy: 'none://',
  https_proxy: 'none://',
  all_proxy: 'none://',
  GDAL_HTTP_PROXY: 'none://',
} as const satisfies Readonly<Record<string, string>>

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
