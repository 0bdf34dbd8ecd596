import type { Settings } from './settings.ts'
import { yesOrNo } from './values.ts'

export const watching = {
  watch: {
    flag: '--watch <boolean>',
    description: 'see files that come, go or change while they are served',
    value: yesOrNo,
    fallback: true,
  },
} satisfies Partial<Settings>
