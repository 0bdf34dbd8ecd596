/** A server that accepts everything and answers at once with few bytes. It prints its address on stdout. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'

const http = createServer((req, res) => {
  req.resume().once('end', () => res.end('{"data":null}'))
})
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false, handleProtocols: ([first]) => first ?? false })
sockets.on('connection', (socket) => {
  socket.on('error', () => {})
  socket.on('message', (data: Buffer) => {
    const head = data.subarray(0, 64).toString()
    const [, id] = /"id":"([^"]*)"/.exec(head) ?? []
    if (head.includes('connection_init')) socket.send('{"type":"connection_ack"}')
    else socket.send(id === undefined ? '{"type":"pong"}' : `{"id":"${id}","type":"complete"}`)
  })
})
http.listen(0, '127.0.0.1', () => console.log(`ready http://127.0.0.1:${(http.address() as AddressInfo).port}`))
