const BAR = 24
/** On a terminal, one line is rewritten this often. */
const REDRAW_MS = 200
/** Without a terminal, a line is written this often. */
const LINE_MS = 2_000

/**
 * Shows on stderr which steps run and how far they are: a terminal has a line that is rewritten, a file or a pipe has plain lines.
 */
export function showSteps(out = process.stderr) {
  const running = new Set()
  const began = Date.now()
  const clear = out.isTTY ? '\r\x1b[K' : ''
  const seconds = () => `${((Date.now() - began) / 1000).toFixed(1)} s`
  const say = (text) => out.write(`${clear}set-up: ${text}\n`)
  const status = () => {
    const parts = [...running].map((step) => `${step.name} ${amount(step.progress?.() ?? '', out.isTTY)}`.trim())
    return `${parts.join(', ')} ... ${seconds()}`
  }
  const redraw = () => {
    // A line that wraps could not be rewritten.
    out.write(`${clear}set-up: ${status()}`.slice(0, clear.length + (out.columns || 80) - 1))
  }
  const timer = out.isTTY ? setInterval(redraw, REDRAW_MS) : setInterval(() => say(status()), LINE_MS)

  return {
    /** @param {{ name: string, run: () => Promise<string | void>, progress?: () => string | { done: number, total: number } }} step */
    async run(step) {
      running.add(step)
      if (!out.isTTY) say(`${step.name} ...`)
      try {
        const remark = await step.run()
        say(`${step.name} ... ${remark ?? `done in ${seconds()}`}`)
      } catch (error) {
        say(`${step.name} ... FAILED`)
        throw error
      } finally {
        running.delete(step)
      }
    },
    end: () => clearInterval(timer),
  }
}

function amount(progress, withBar) {
  if (typeof progress === 'string') return progress
  const { done, total } = progress
  const bar = withBar ? `[${'#'.repeat(Math.round((BAR * done) / total)).padEnd(BAR)}] ` : ''
  return `${bar}${done} of ${total} packages`
}
