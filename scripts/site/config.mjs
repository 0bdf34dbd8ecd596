/** VitePress's configuration. `build.mjs` puts it beside the pages, and writes `sidebar.json` there. */
import { readFileSync } from 'node:fs'

const sidebar = JSON.parse(readFileSync(new URL('./sidebar.json', import.meta.url), 'utf8'))

export default {
  title: 'Geoduck',
  description: 'A GraphQL server for spatial data',
  base: '/docs/',
  cleanUrls: true,
  // The server allows the scripts that stand within a page by their hashes: what differs per page goes into a file.
  metaChunk: true,
  head: [['link', { rel: 'icon', href: '/docs/icon.svg' }]],
  // No page contains HTML.
  markdown: { html: false, theme: { light: 'github-light', dark: 'github-dark' } },
  themeConfig: {
    logo: '/icon.svg',
    sidebar,
    outline: [2, 2],
    search: { provider: 'local' },
  },
}
