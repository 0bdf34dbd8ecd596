/** Settings for proxies, load balancers, and pages of other origins. */
import type { Settings } from './settings.ts'
import { basePath, proxies, seconds, serverName, yesOrNo } from './values.ts'

export const proxying = {
  trustProxy: {
    flag: '--trust-proxy <proxies>',
    description: "proxies whose X-Forwarded-For names the client: their number, or their addresses ('10.0.0.0/8,loopback')",
    value: proxies,
    fallback: 0,
    fallbackText: 'none',
  },
  basePath: {
    flag: '--base-path <path>',
    description: 'path below which a proxy publishes the server, such as /geo; links and redirects begin with it',
    value: basePath,
    fallback: '',
    fallbackText: 'none',
  },
  keepAliveSeconds: {
    flag: '--keep-alive <seconds>',
    description: 'time after which an idle connection ends; it must be longer than that of the proxy',
    value: seconds(1, 3_600),
    fallback: 75,
  },
  serverName: {
    flag: '--server-name <text>',
    description: 'name of this server in health and in the header x-geoduck-server, which distinguishes several servers',
    value: serverName,
    fallback: null,
    fallbackText: 'an id that is made at each start',
  },
  drainSeconds: {
    flag: '--drain <seconds>',
    description: 'time after SIGTERM in which /ready answers 503 and everything else is still served',
    value: seconds(0, 3_600),
    fallback: 0,
  },
  allowCredentials: {
    flag: '--allow-credentials <boolean>',
    description: 'let pages of allowed origins send credentials, which a proxy may require; the server itself reads no cookie',
    value: yesOrNo,
    fallback: false,
  },
} satisfies Partial<Settings>
