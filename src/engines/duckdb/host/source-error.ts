/**
 * The error of a source that can't be read. The message is for clients: it says what is wrong and what to do, without a path.
 */
export class SourceError extends Error {
  override readonly name = 'SourceError'
}

/** The message if the disk is the cause, not a source. */
export const DISK_FULL = 'the disk is full: make room on it'
