import { Command, InvalidArgumentError } from 'commander'

const command = new Command('npm run fuzz --')
  .description('Reads damaged geometry, which must be refused or taken, and valid geometry, which must be taken.')
  .option('--count <n>', 'damaged geometries', whole, 1_000_000)
  .option('--valid <n>', 'valid geometries, made by shapely', whole, 100_000)
  .option('--seed <n>', 'brings a run back', whole, Math.floor(Math.random() * 2 ** 31))
  .parse()
const { count, valid, seed } = command.opts<{ count: number; valid: number; seed: number }>()
// It is read when that is loaded.
process.env['GEODUCK_SEED'] = String(seed)
const { readDamaged, readValid } = await import('./rounds.ts')
await readDamaged(count)
await readValid(valid, seed)
process.stdout.write('nothing went wrong\n')

function whole(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('It takes a whole number.')
  return Number(text)
}
