/** `abuser.ts ABUSE URL`: attacks from 127.0.0.2 until it is ended; says so on stdout once it does. */
import { ABUSES } from './abuse.ts'

const [, , name = '', url = ''] = process.argv
const { hostname, port } = new URL(url)
await ABUSES[name]!({ host: hostname, port: Number(port) })
console.log('attacking')
