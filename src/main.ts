#!/usr/bin/env node
/** Starts the program, or says which Node it needs. An old Node can read this file, but not the others. */
import module from 'node:module'
import { join } from 'node:path'
import { cacheDirectory } from './config/cache.ts'
import { isOlder, leastNode } from './config/node-version.ts'

const { node } = process.versions

if (isOlder(node, leastNode())) {
  process.stderr.write(`Geoduck needs Node ${leastNode()} or newer. This is Node ${node}, ${process.execPath}.\n`)
  process.exitCode = 1
} else {
  // Compiled code is kept for the next start, also that of workers: without it, 0.4 s of a start go into the compiler.
  // An old Node reads no `||=`.
  process.env['NODE_COMPILE_CACHE'] = process.env['NODE_COMPILE_CACHE'] || join(cacheDirectory(), 'compiled')
  module.enableCompileCache(process.env['NODE_COMPILE_CACHE'])
  void import('./program.ts')
}
