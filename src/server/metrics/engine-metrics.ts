import { Counter, Gauge, type Registry } from 'prom-client'
import type { EngineHealth, WorkerHealth } from '../../engines/engine.ts'

/** What `health` says of workers and streams: the function that comes back takes a reading of it. */
export function engineMetrics(registry: Registry): (health: EngineHealth) => void {
  const registers = [registry]
  const gauge = <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
    new Gauge({ name: `geoduck_${name}`, help, labelNames, registers })
  const queued = gauge('queue_length', 'Executions that wait for a worker')
  const streams = gauge('streams', 'Streams, by whether they hold a worker, wait for one, or wait for their client', ['state'])
  const memory = gauge('memory_share', 'Use of the nearest limit of memory by the workers, 0 to 1')
  const workers = gauge('workers', 'Worker processes', ['lane', 'state'])
  const resident = gauge('worker_resident_bytes', 'Resident memory of the worker processes', ['lane'])
  const deaths = new Counter({
    name: 'geoduck_worker_deaths_total',
    help: 'Worker processes that died',
    labelNames: ['lane'],
    registers,
  })
  const fallbacks = new Counter({
    name: 'geoduck_fallbacks_total',
    help: 'Executions that went on in the serial lane',
    registers,
  })

  return (health) => {
    queued.set(health.queued)
    for (const [state, count] of Object.entries(health.streams)) streams.set({ state }, count)
    memory.set(health.memory.share)
    fallbacks.reset()
    fallbacks.inc(health.fallbacks.count)
    for (const metric of [workers, resident, deaths]) metric.reset()
    for (const worker of health.workers) tell(worker)
  }

  function tell({ lane, state, deaths: died, diagnostics }: WorkerHealth): void {
    const labels = { lane: lane.toLowerCase() }
    workers.inc({ ...labels, state: state.toLowerCase() })
    deaths.inc(labels, died)
    resident.inc(labels, diagnostics?.rssBytes ?? 0)
  }
}
