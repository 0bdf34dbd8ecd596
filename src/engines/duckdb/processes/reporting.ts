const EVERY_MS = 200

/** Calls `report` a few times per second until `work` is done. The engine knows how far it is if it was opened with `countsProgress`. */
export async function reporting<Result>(report: () => void, work: () => Promise<Result>): Promise<Result> {
  const timer = setInterval(report, EVERY_MS)
  try {
    return await work()
  } finally {
    clearInterval(timer)
  }
}
