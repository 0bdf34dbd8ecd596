// @ts-check
/** Puts the page for operators together: the server's health, live. */
import { watchHealth } from './health.js'
import { showHealth, showHealthLost } from './health-panel.js'
import { startTheme } from './theme.js'

startTheme()
watchHealth({ reading: showHealth, lost: showHealthLost })
