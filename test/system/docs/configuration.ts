/** Examples of docs/configuration.md: files as the program reads them, and what the doctor says. */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'vitest'
import { parse } from 'yaml'
import type { Example } from './example.ts'
import { withoutFigures } from './likeness.ts'

/** A file that is taken: what it sets is what results. */
export const accepted: Example = {
  blocks: ['yaml'],
  async holds(place, text) {
    await writeFile(join(place.folder, 'accepted.yaml'), text!)
    const { code, stdout } = await place.shell('geoduck --config accepted.yaml --print-config 2>&1')
    expect(code, stdout).toBe(0)
    const [given, printed] = [parse(text!), JSON.parse(stdout)]
    expect(printed).toMatchObject({ port: given.port, memoryLimitBytes: 2e9, origins: given.origins })
    const absolute = (path: string) => join('/srv/maps', path)
    expect(printed.sources).toEqual(given.sources.map(absolute))
    expect(printed.layers).toEqual(given.layers.map((layer: { path: string }) => ({ ...layer, path: absolute(layer.path) })))
  },
}

const BAD = `prot: 8080
memoryLimitBytes: 3
layers:
  - name: parcels
    path: parcels.parquet
    colums: { exclude: [owner] }
`

/** The faults of a file, line by line. */
export const refused: Example = {
  blocks: [''],
  async holds(place, text) {
    await writeFile(join(place.folder, 'bad.yaml'), BAD)
    expect(await place.shell('geoduck --config bad.yaml 2>&1')).toEqual({ code: 1, stdout: text })
  },
}

/** A file with stores, which is printed unchanged, and the fault of one that has a secret itself. */
export const stores: Example = {
  blocks: ['yaml', ''],
  async holds(place, text, fault) {
    await writeFile(join(place.folder, 'accepted.yaml'), text!)
    const variables = 'LAND_ID=id LAND_SECRET=secret-0123 DATA_TOKEN=token-0123'
    const { code, stdout } = await place.shell(`${variables} geoduck --config accepted.yaml --print-config 2>&1`)
    expect(code, stdout).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject(parse(text!))
    expect(stdout).not.toContain('0123')
    await writeFile(
      join(place.folder, 'stores.yaml'),
      'stores:\n  - url: https://data.example.org\n    token: secret-0123456789\n',
    )
    expect(await place.shell('geoduck --config stores.yaml 2>&1')).toEqual({ code: 1, stdout: fault })
  },
}

/** The output for a port that is in use, and a layer whose file is missing. */
export const doctor: Example = {
  blocks: [''],
  async holds(place, text) {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const file = `port: ${(taken.address() as AddressInfo).port}
memoryLimitBytes: 2GB
layers:
  - { name: towns, path: data/places.parquet }
  - { name: parcels, path: data/parcels.parquet }
`
    await writeFile(join(place.folder, 'geoduck.yaml'), file)
    const { code, stdout } = await place.shell('geoduck doctor --log-level warn 2>&1')
    taken.close()
    expect(ofAnyMachine(stdout)).toBe(ofAnyMachine(text!))
    expect(code).toBe(1)
  },
}

/** Platforms and control groups differ. */
const ofAnyMachine = (text: string) =>
  withoutFigures(text.replace(/(?<=GB, ).*control group/, '…').replace(/(?<=\/v\d+\.\d+\.\d+\/)\w+/, '…'))
