/** The server hands out graphql-ws's own files here; this says so to the type checker. */
export { createClient } from 'graphql-ws'
