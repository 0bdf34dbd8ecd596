/**
 * Returns the environment of a process that reads files. It has only those variables of the server that a program needs, and it
 * disables the network. All DuckDB calls of a process share libuv's threads, so there are more threads than a query uses.
 */
export function workerEnvironment(threads: number): Record<string, string> {
  const { HOME, PATH, LANG, TMPDIR, NODE_COMPILE_CACHE } = process.env
  const kept = Object.entries({ HOME, PATH, LANG, TMPDIR, NODE_COMPILE_CACHE }).filter(
    (entry): entry is [string, string] => !!entry[1],
  )
  return { ...Object.fromEntries(kept), UV_THREADPOOL_SIZE: String(threads + 4), NODE_NO_WARNINGS: '1', ...NO_NETWORK }
}

/**
 * Variables that disable the network in PROJ and in curl, which GDAL uses. The proxy has a scheme that does not exist, so curl
 * fails before it opens a socket. This is the second barrier; the first is in the kernel (`processes/query/no-network.ts`).
 */
const NO_NETWORK = {
  PROJ_NETWORK: 'OFF',
  http_proxy: 'none://',
  https_proxy: 'none://',
  all_proxy: 'none://',
  GDAL_HTTP_PROXY: 'none://',
} as const satisfies Readonly<Record<string, string>>

/** Environment of a process that lets GDAL read a CRS. It keeps GDAL from reading other files than the named one. */
export const GDAL_ENVIRONMENT = {
  GDAL_PAM_ENABLED: 'NO',
  GDAL_SKIP: 'OGR_VRT',
  CPL_CURL_ENABLE_VSIMEM: 'NO',
} as const satisfies Readonly<Record<string, string>>
