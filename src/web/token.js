// @ts-check
/**
 * The token that the server may want: from the link (`#token=...`, which a browser keeps to itself), or asked for. It is kept as long as the tab
 * is open, where GraphiQL finds it too.
 */
const KEY = 'geoduck-token'

const parts = location.hash.slice(1).split('&')
const given = parts.find((part) => part.startsWith('token='))
if (given !== undefined) {
  sessionStorage.setItem(KEY, decodeURIComponent(given.slice('token='.length)))
  const rest = parts.filter((part) => part !== given && part !== '').join('&')
  history.replaceState(null, '', `${location.pathname}${location.search}${rest && `#${rest}`}`)
}

/** @returns {Record<string, string>} as a header, and as the payload of `connection_init` */
export function authorization() {
  const token = sessionStorage.getItem(KEY)
  return token === null ? {} : { authorization: `Bearer ${token}` }
}

let asked = false

/** Once: who has no token is not asked again before the page is. */
export function askForToken() {
  if (asked) return
  asked = true
  const token = prompt('This server wants a token.')?.trim()
  if (!token) return
  sessionStorage.setItem(KEY, token)
  location.reload()
}
