/** An example of the wire: lines that a client sends (→) and receives (←) over a WebSocket. */
import { once } from 'node:events'
import { expect } from 'vitest'
import { RawSocket } from '../server/raw-socket.ts'
import type { Example } from './example.ts'
import { withoutCursors } from './likeness.ts'

export const conversation: Example = {
  blocks: [''],
  async holds({ url }, text) {
    const socket = new RawSocket(`${url.replace('http', 'ws')}/graphql`)
    await once(socket.ws, 'open')
    let received = 0
    for (const [, direction, message] of text!.matchAll(/^([→←]) (.*)$/gm))
      if (direction === '→') socket.send(JSON.parse(message!))
      else {
        received++
        await socket.until(() => socket.messages.length >= received)
        expect(withoutCursors(JSON.stringify(socket.messages[received - 1]))).toBe(withoutCursors(message!))
      }
    socket.close()
    await socket.closed
    expect(socket.messages).toHaveLength(received)
  },
}
