/**
 * Signs the filter of a layer's tiles, so that it can be a part of a URL: 16 bytes of the signature and the compressed JSON of the filter, as
 * base64url. Servers with the same cursor secret read each other's filters.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { GeoduckError } from '../model/errors.ts'

/** Characters. Browsers and proxies accept URLs of 8,000. */
const LONGEST = 6_000
const SIGNATURE_BYTES = 16
/** Bytes of the longest JSON: a compressed one may have been made to be large. */
const MOST_BYTES = 1_000_000

/** @throws GeoduckError LIMIT_EXCEEDED if it is too long for a URL */
export function signFilter(secret: string, layer: string, where: unknown): string {
  const content = deflateRawSync(JSON.stringify(where))
  const text = Buffer.concat([signatureOf(secret, layer, content), content]).toString('base64url')
  if (text.length <= LONGEST) return text
  throw new GeoduckError(
    'LIMIT_EXCEEDED',
    `The filter has ${text.length} characters in a URL, and ${LONGEST} are the most: simplify its geometry.`,
  )
}

/** Returns the filter. @throws GeoduckError BAD_INPUT if the text was changed, or is of another layer or server */
export function openFilter(secret: string, layer: string, text: unknown): unknown {
  const bytes = typeof text === 'string' && text.length <= LONGEST ? Buffer.from(text, 'base64url') : Buffer.alloc(0)
  const [signature, content] = [bytes.subarray(0, SIGNATURE_BYTES), bytes.subarray(SIGNATURE_BYTES)]
  if (signature.length < SIGNATURE_BYTES || !timingSafeEqual(signature, signatureOf(secret, layer, content))) {
    throw new GeoduckError('BAD_INPUT', '`filter` is not of this layer and server; request the URL again by `tiles`.')
  }
  return JSON.parse(inflateRawSync(content, { maxOutputLength: MOST_BYTES }).toString())
}

function signatureOf(secret: string, layer: string, content: Uint8Array): Buffer {
  const hmac = createHmac('sha256', secret)
    .update(JSON.stringify(['tiles', layer]))
    .update(content)
  return hmac.digest().subarray(0, SIGNATURE_BYTES)
}
