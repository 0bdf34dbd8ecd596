#!/usr/bin/env node
/** Starts the program, or says which Node it needs. An old Node can read this file, but not the others. */
import { isOlder, leastNode } from './config/node-version.ts'

const { node } = process.versions

if (isOlder(node, leastNode())) {
  process.stderr.write(`Geoduck needs Node ${leastNode()} or newer. This is Node ${node}, ${process.execPath}.\n`)
  process.exitCode = 1
} else void import('./program.ts')
