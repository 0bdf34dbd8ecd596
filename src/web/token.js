// @ts-check
/**
 * Keeps the token that the server may require. It is in the link (`#token=...`, which a browser does not send), or the user
 * enters it. It is kept while the tab is open, and GraphiQL finds it too.
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
  const token = prompt('This server requires a token.')?.trim()
  if (!token) return
  sessionStorage.setItem(KEY, token)
  location.reload()
}
