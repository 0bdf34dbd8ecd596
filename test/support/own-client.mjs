/** `--import` of this: `geoduck/client` is this checkout's sources, not the package's compiled files. */
import { registerHooks } from 'node:module'

const CLIENT = new URL('../../src/client/client.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'geoduck/client' ? { url: CLIENT, shortCircuit: true } : next(specifier, context),
})
