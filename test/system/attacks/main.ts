/** `npm run attacks [-- --rounds N --seconds N ABUSE...]`: the table of docs/reliability.md. */
import { parseArgs } from 'node:util'
import { ABUSES } from './abuse.ts'
import { attack } from './bench.ts'

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '5' } },
  allowPositionals: true,
})
const ms = (value: number) => `${value.toFixed(0)} ms`
const wanted = Object.keys(ABUSES).filter((name) => positionals.length === 0 || positionals.some((part) => name.includes(part)))
const HEADS = [
  'abuse',
  'p95 beside an idle server',
  'under the abuse',
  'ratio',
  'a stream',
  'under it',
  'ratio',
  'failed',
  'RSS at most',
]
console.log(`| ${HEADS.join(' | ')} |\n| ${HEADS.map(() => '---').join(' | ')} |`)
for (const name of wanted) {
  const { requests, streams, failures, rss } = await attack(name, {
    rounds: Number(values.rounds),
    ms: 1_000 * Number(values.seconds),
  })
  const times = [requests, streams].flatMap(({ beside, under, ratio }) => [ms(beside), ms(under), ratio.toFixed(1)])
  const cells = [name, ...times, failures.length]
  console.log(`| ${[...cells, `${Math.round(rss / 1e6)} MB`].join(' | ')} |`)
  if (failures[0]) console.error(failures[0])
}
