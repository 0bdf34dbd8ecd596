/** Bounds on what a client may send. A larger frame closes its socket with 1009: the largest geometry argument fits in one. */
export const MOST_BODY_BYTES = 1_000_000
export const MOST_FRAME_BYTES = 1_048_576
export const MOST_FRAME_BYTES_BEFORE_ACK = 16_384
/** Operations of one socket at a time. */
export const MOST_OPERATIONS = 256
/** Milliseconds that a socket has for its `connection_init`. */
export const INIT_TIMEOUT_MS = 3_000
