/** Loaded into a process by Node's `--import`: its wall clock is an hour ahead and an hour behind in turn, another way each second. */
const real = Date.now.bind(Date)
const RealDate = Date
const HOUR_MS = 3_600_000

const shifted = () => real() + (Math.floor(performance.now() / 1_000) % 2 === 0 ? HOUR_MS : -HOUR_MS)

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [shifted()] : args, newTarget),
  get: (target, name) => (name === 'now' ? shifted : Reflect.get(target, name)),
})
