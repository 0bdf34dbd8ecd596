/**
 * Limits on requests of a client. The largest geometry argument fits in one frame; a larger frame closes its socket with 1009.
 */
export interface RequestLimits {
  readonly maxBodyBytes: number
  /** Most bytes of a WebSocket message after `connection_ack`. */
  readonly maxMessageBytes: number
  /** Most vertices of the geometries in an operation's filters. The limit on JSON follows from it. */
  readonly maxVertices: number
  /** Most operations of one socket at a time. */
  readonly maxSocketOperations: number
}

export const MOST_FRAME_BYTES_BEFORE_ACK = 16_384
/** Most bytes of a `ping`, `pong` or `complete` message. */
export const MOST_CONTROL_BYTES = 1_024
/** Most characters of an operation's id over a WebSocket. */
export const MOST_ID_LENGTH = 128
/** Milliseconds that a socket has for its `connection_init`. */
export const INIT_TIMEOUT_MS = 3_000
