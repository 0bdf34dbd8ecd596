/** One large answer over HTTP: page.ts OPTIONS, in a separate process, on a warm connection. */
import { ask, countIn } from './http.ts'

export interface PageOptions {
  readonly url: string
  /** A GraphQL query; null: the URL is the request. */
  readonly query: string | null
  /** Each feature of the answer is a line. */
  readonly lines?: boolean
  /** Features that the answer must hold, if it says how many it has. */
  readonly rows: number
}

const { url, query, lines, rows }: PageOptions = JSON.parse(process.argv[2] ?? '')
await ask(new URL('/health', url).href, null)
const answer = await ask(query === null ? url : `${url}/graphql`, query, lines)
if (answer.status !== 200) throw new Error(`HTTP ${answer.status}: ${answer.head.slice(0, 200)}`)
const count = lines ? answer.lines : query === null ? rows : countIn(answer)
if (count !== rows) throw new Error(`${count} features instead of ${rows}`)
const { firstMs, totalMs, bytes } = answer
process.stdout.write(JSON.stringify({ firstMs, totalMs, bytes, rowsPerSecond: (rows / totalMs) * 1_000 }))
process.exit()
