/** GeoParquet objects on other machines that are one layer. Engines read the parts that a query needs, through the gateway. */
import type { FileAccess } from '../../engines/engine.ts'
import { fingerprintOfParquet } from '../fingerprint.ts'
import type { Contents } from '../source.ts'
import { FileSource } from './file-source.ts'

export class RemoteParquet extends FileSource {
  /** The paths of the described versions for engines. */
  #paths: readonly string[] = []

  access(): FileAccess {
    const gateway = this.objects?.access
    return { allowedPaths: this.#paths, databases: [], ...(gateway && { gateway }) }
  }

  override async look(): Promise<boolean> {
    this.objects ??= await this.context.remote().catch(() => null)
    return await super.look()
  }

  protected async digest(files: readonly string[]): Promise<string> {
    const objects = await this.context.remote()
    return await fingerprintOfParquet(files, (url, use) => use(objects.open(url)))
  }

  protected async read(files: readonly string[], fingerprint: string): Promise<Pick<Contents, 'parts' | 'problems'>> {
    const { inspector, inspections, remote } = this.context
    const objects = await remote()
    const paths = files.map((url) => objects.pathOf(url))
    inspector.allow(paths, objects.access)
    const ask = () => inspector.describeFiles(paths)
    const { layers, problems } = await inspections.recall([fingerprint, this.snapshot, ''], ask)
    this.#paths = paths
    return { parts: layers.map((description) => this.part('', this.names, description, fingerprint)), problems }
  }
}
