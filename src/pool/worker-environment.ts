/**
 * Nothing of the server's environment but what a program needs to run. All DuckDB calls of a process share libuv's threads: a running query
 * must leave some for the rest.
 */
export function workerEnvironment(threads: number): Record<string, string> {
  const { HOME, PATH, LANG, TMPDIR, NODE_COMPILE_CACHE } = process.env
  const kept = Object.entries({ HOME, PATH, LANG, TMPDIR, NODE_COMPILE_CACHE }).filter(
    (entry): entry is [string, string] => !!entry[1],
  )
  return { ...Object.fromEntries(kept), UV_THREADPOOL_SIZE: String(threads + 4), NODE_NO_WARNINGS: '1' }
}
