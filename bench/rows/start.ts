import { join } from 'node:path'
import { MANY_FILES, MANY_FOLDER } from '../data/many.ts'
import type { Arm, Row } from '../row.ts'
import { startServer } from '../server.ts'

const start: Arm = {
  run: async ({ data }) => {
    const server = await startServer([join(data, MANY_FOLDER)])
    await server.stop()
    return { seconds: server.readyMs / 1_000 }
  },
}

export const START: Row = {
  id: 'start',
  title: `Start of a server with ${MANY_FILES} layers that it has served before`,
  arms: { start },
  figures: [{ label: 'until it is ready', key: 'seconds', unit: 's', arm: 'start', better: 'lower', threshold: 3, goal: 1 }],
}
