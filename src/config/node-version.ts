/**
 * Compares a version of Node with the one in package.json. The program reads this file before it knows its Node, so it has only syntax
 * and functions that Node 12 has.
 */
import { readFileSync } from 'node:fs'

/** Returns the oldest Node that the package allows, such as `24.9`. */
export function leastNode(): string {
  const manifest: { engines: { node: string } } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return manifest.engines.node.replace(/^>=/, '')
}

export function isOlder(version: string, least: string): boolean {
  return rankOf(version) < rankOf(least)
}

function rankOf(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  return (major * 1000 + minor) * 1000 + patch
}
