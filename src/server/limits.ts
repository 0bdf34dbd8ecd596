/** Bounds on what a client may send. A larger frame closes its socket with 1009: the largest geometry argument fits in one. */
export interface RequestLimits {
  readonly maxBodyBytes: number
  /** Of a WebSocket, behind `connection_ack`. */
  readonly maxMessageBytes: number
  /** Of the geometries in an operation's filters: how much JSON they may take follows from it. */
  readonly maxVertices: number
  /** Operations of one socket at a time. */
  readonly maxSocketOperations: number
}

export const MOST_FRAME_BYTES_BEFORE_ACK = 16_384
/** Of a `ping`, `pong` or `complete` message. */
export const MOST_CONTROL_BYTES = 1_024
/** Characters of an operation's id over a WebSocket. */
export const MOST_ID_LENGTH = 128
/** Milliseconds that a socket has for its `connection_init`. */
export const INIT_TIMEOUT_MS = 3_000
