/** `abuser.ts ABUSE URL`: attacks from 127.0.0.2 until it is ended, or for two minutes; says so on stdout once it does. */
import { ABUSES } from './abuse.ts'

setTimeout(() => process.exit(), 120_000)

const [, , name = '', url = ''] = process.argv
const { hostname, port } = new URL(url)
await ABUSES[name]!({ host: hostname, port: Number(port) })
console.log('attacking')
