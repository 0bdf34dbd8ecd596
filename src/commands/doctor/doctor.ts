/** `geoduck doctor`: everything that a start needs, looked at without starting. */
import type { Config } from '../../config/config.ts'
import { ConfigurationError } from '../../config/configuration-error.ts'
import { machineDefaults } from '../../config/defaults.ts'
import { machine } from '../../config/machine.ts'
import { type Given, type Resolved, resolveConfig } from '../../config/resolve.ts'
import { type Setting, settings } from '../../config/settings.ts'
import { checkEngine } from './engine.ts'
import type { Finding } from './finding.ts'
import { checkCacheDirectory, checkTempDirectory } from './folders.ts'
import { checkMemory, checkNode, checkProcessors } from './machine.ts'
import { checkPort } from './port.ts'
import { type OriginRow, reportOf, shownValue } from './report.ts'
import { checkSources } from './sources.ts'

export interface Diagnosis {
  readonly report: string
  /** Nothing is wrong; notes may be. */
  readonly isWell: boolean
}

export async function diagnose(given: Given): Promise<Diagnosis> {
  const findings: Finding[] = [checkNode()]
  const resolved = await readConfig(given, findings)
  if (resolved) findings.push(...(await checkAll(resolved.config)))
  else findings.push(...(await checkEngine(null)), await checkCacheDirectory())
  const report = reportOf(findings, resolved ? originRows(resolved) : [])
  return { report, isWell: findings.every(({ state }) => state !== 'wrong') }
}

/** Null where it is wrong, which is then one of the findings. */
async function readConfig(given: Given, findings: Finding[]): Promise<Resolved | null> {
  const what = 'configuration'
  try {
    const resolved = await resolveConfig(given, { mayBeEmpty: true })
    findings.push({ what, state: 'ok', text: resolved.file ?? 'no file; flags, environment and defaults' })
    return resolved
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    findings.push({ what, state: 'wrong', text: 'it cannot be used', remedy: error.message })
    return null
  }
}

async function checkAll(config: Config): Promise<Finding[]> {
  return [
    checkProcessors(config),
    checkMemory(config),
    ...(await checkEngine(config.spatialExtension)),
    await checkTempDirectory(config),
    await checkCacheDirectory(),
    await checkPort(config),
    ...(await checkSources(config)),
  ]
}

function originRows({ config, origins, file }: Resolved): OriginRow[] {
  const table: Readonly<Record<string, Setting>> = settings(machineDefaults(machine()))
  return Object.entries(origins)
    .filter(([, from]) => from !== 'default')
    .map(([name, from]) => ({
      name,
      value:
        name === 'layers'
          ? config.layers.map((layer) => layer.name).join(', ')
          : shownValue(config[name as keyof Config], table[name]),
      from: from === 'file' ? String(file) : from === 'flag' ? 'command line' : from,
    }))
}
