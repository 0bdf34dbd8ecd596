import type { WorkerResolvers } from '../generated.ts'

/** Null while the process has not told of itself. */
export const worker: WorkerResolvers = {
  pid: ({ diagnostics }) => diagnostics?.pid ?? null,
  duckdbVersion: ({ diagnostics }) => diagnostics?.duckdbVersion ?? null,
  spatialVersion: ({ diagnostics }) => diagnostics?.spatialVersion ?? null,
  memoryLimit: ({ diagnostics }) => diagnostics?.memoryLimit ?? null,
  threads: ({ diagnostics }) => diagnostics?.threads ?? null,
  rssBytes: ({ diagnostics }) => diagnostics?.rssBytes ?? null,
  memory: ({ diagnostics }) => diagnostics?.memory ?? [],
  at: ({ diagnostics }) => diagnostics?.at ?? null,
}
