/** `--import` of this: the client is this checkout's sources, not the compiled files of a package. */
import { registerHooks } from 'node:module'

const MODULES = {
  'geoduck/client': 'client.ts',
  'geoduck-client': 'client.ts',
  'geoduck-client/apollo': 'apollo.ts',
  'geoduck-client/graphcache': 'graphcache.ts',
}

registerHooks({
  resolve: (specifier, context, next) =>
    specifier in MODULES
      ? { url: new URL(`../../src/client/${MODULES[specifier]}`, import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
})
