/** A live layer of vehicles: how soon a write is at its subscribers, what they cost the server, and how many writes it takes. */
import { join } from 'node:path'
import { runForSample, type Sample } from '../child.ts'
import type { LiveOptions } from '../client/live.ts'
import { watchPeakRss } from '../process-usage.ts'
import type { Arm, Figure, Row } from '../row.ts'

const CLIENT = join(import.meta.dirname, '..', 'client', 'live.ts')
const VEHICLES = 2_000
const rivals = ['polling', 'postgraphile']
const PACE = 20
/** One process is the client of them all. */
const SLOW_PACE = 5

type Asked = Pick<LiveOptions, 'kind' | 'subscribers'> & Partial<LiveOptions>

function run(url: string, asked: Asked, seconds: number): Promise<Sample> {
  const options: LiveOptions = { url, vehicles: VEHICLES, boxes: false, writesPerSecond: PACE, seconds, ...asked }
  return runForSample([CLIENT, JSON.stringify(options)])
}

/** @param isFollowed if true, the subscribers are those of another server, which follows the store */
function geoduck(asked: Asked, isFollowed = false): Arm {
  return {
    run: async (rig) => {
      const live = await rig.live()
      const server = isFollowed ? await live.follower() : live
      const watch = watchPeakRss([server.pid])
      const sample = await run(`${server.url}/graphql`, { ...asked, writeUrl: `${live.url}/graphql` }, rig.seconds)
      return { ...sample, rssMb: (await watch.stop()) / 1e6 }
    },
  }
}

function postgraphile(subscribers: number): Arm {
  return {
    needs: 'postgres',
    run: ({ postgres, seconds }) => run(postgres!.postgraphile, { kind: 'postgraphile', subscribers }, seconds),
  }
}

/** Writers that each wait for the acknowledgement before they write again. */
function commits(writers: number): Arm {
  return {
    run: async (rig) => run(`${(await rig.live()).url}/graphql`, { kind: 'changes', subscribers: 0, writers }, rig.seconds),
  }
}

const figure = (label: string, key: string, arm: string, against?: readonly string[]): Figure => {
  const common = { label, key, arm, better: 'lower', threshold: null, goal: null } as const
  return { ...common, unit: key === 'rssMb' ? 'MB' : 'ms', ...(against && { against }) }
}

const figuresOf = (arm: string, label: string): Figure[] => [
  figure(`${label}: from the commit to a client, p50`, 'commitP50', arm),
  figure(`${label}: the same, p95`, 'commitP95', arm),
  figure(`${label}: peak RSS of the server`, 'rssMb', arm),
]

export const LIVE_ROWS: readonly Row[] = [
  {
    id: 'live',
    title: `A live layer of ${VEHICLES} vehicles, ${PACE} writes per second`,
    runs: 3,
    arms: {
      one: geoduck({ kind: 'changes', subscribers: 1 }),
      'one at 50 per second': geoduck({ kind: 'changes', subscribers: 1, maxPerSecond: 50 }),
      polling: geoduck({ kind: 'polling', subscribers: 1 }),
      postgraphile: postgraphile(1),
      hundred: geoduck({ kind: 'changes', subscribers: 100 }),
      'postgraphile of 100': postgraphile(100),
      boxes: geoduck({ kind: 'changes', subscribers: 100, boxes: true }),
      'polling of boxes': geoduck({ kind: 'polling', subscribers: 100, boxes: true }),
    },
    figures: [
      ...figuresOf('one', '1 subscriber'),
      figure('1 subscriber: from sending a write to its arrival, p50', 'writeP50', 'one', rivals),
      figure('1 subscriber: the same, p95', 'writeP95', 'one', rivals),
      figure(
        '1 subscriber, up to 50 differences per second: from sending to arrival, p50',
        'writeP50',
        'one at 50 per second',
        rivals,
      ),
      figure('1 subscriber, up to 50 differences per second: the same, p95', 'writeP95', 'one at 50 per second', rivals),
      ...figuresOf('hundred', '100 subscribers of one filter'),
      figure('100 subscribers: from sending to arrival, p95', 'writeP95', 'hundred', ['postgraphile of 100']),
      ...figuresOf('boxes', '100 subscribers of 100 boxes'),
      figure('100 boxes: from sending to arrival, p95', 'writeP95', 'boxes', ['polling of boxes']),
    ],
  },
  {
    id: 'live-1000',
    title: `A live layer of ${VEHICLES} vehicles, ${SLOW_PACE} writes per second`,
    runs: 3,
    arms: { thousand: geoduck({ kind: 'changes', subscribers: 1_000, writesPerSecond: SLOW_PACE }) },
    figures: figuresOf('thousand', '1,000 subscribers of one filter'),
  },
  {
    id: 'live-follower',
    title: `A live layer of ${VEHICLES} vehicles, ${PACE} writes per second, subscribers of another process`,
    runs: 3,
    arms: {
      one: geoduck({ kind: 'changes', subscribers: 1 }, true),
      'one at 50 per second': geoduck({ kind: 'changes', subscribers: 1, maxPerSecond: 50 }, true),
      hundred: geoduck({ kind: 'changes', subscribers: 100 }, true),
    },
    figures: [
      ...figuresOf('one', '1 subscriber'),
      ...figuresOf('one at 50 per second', '1 subscriber, up to 50 differences per second'),
      ...figuresOf('hundred', '100 subscribers of one filter'),
    ].map((each) => (each.key === 'commitP95' ? { ...each, threshold: 200 } : each)),
  },
  {
    id: 'live-commits',
    title: 'Writes of one feature, each acknowledged when it is on the disk',
    runs: 3,
    arms: { one: commits(1), sixteen: commits(16) },
    figures: (['one', 'sixteen'] as const).map((arm) => ({
      label: `${arm === 'one' ? '1 writer' : '16 writers'}`,
      key: 'writesPerSecond',
      unit: 'writes/s',
      arm,
      better: 'higher',
      threshold: null,
      goal: arm === 'sixteen' ? 100 : null,
    })),
  },
]
