/** Why a source cannot be read. The message is for clients: it says what is wrong and what to do, without a path. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}

/** The message where no source is at fault, but the disk that is written to. */
export const DISK_FULL = 'the disk is full'
