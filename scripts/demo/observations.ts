/** Invented sightings of animals around a few thousand sites on land. The same seed gives the same rows. */
import { type DuckDBConnection, DuckDBTimestampValue } from '@duckdb/node-api'
import { cutLand, onLand, type Placed, type Point } from './land.ts'
import { seededRandom } from './random.ts'
import { speciesAt } from './species.ts'

const SEED = 20_260_101
const COUNT = 200_000
/** More than needed: two of three sites, and a fifth of the points, are in the sea. */
const SITES_TRIED = 14_000
const POINTS_TRIED = 300_000
const SPREAD_DEGREES = 1.2
const FIRST_DAY_MS = Date.UTC(2021, 0, 1)
const DAYS = 5 * 365
const DAY_MS = 86_400_000
/** Share of sightings without a temperature. */
const UNMEASURED = 0.03

/** Makes the table `observations` out of the table `countries`. */
export async function makeObservations(connection: DuckDBConnection): Promise<void> {
  await cutLand(connection)
  const random = seededRandom(SEED)
  const sites = await onLand(
    connection,
    Array.from({ length: SITES_TRIED }, () => anywhere(random)),
  )
  const points = Array.from({ length: POINTS_TRIED }, () => around(sites[Math.floor(random() * sites.length)]!.point, random))
  const placed = (await onLand(connection, points)).slice(0, COUNT)
  if (placed.length < COUNT) throw new Error(`Only ${placed.length} of ${COUNT} points fell on land: raise POINTS_TRIED.`)
  await append(connection, placed, random)
  await connection.run(`
    CREATE VIEW observations AS
    SELECT * EXCLUDE (longitude, latitude), ST_Point(longitude, latitude)::GEOMETRY AS geometry FROM sightings
  `)
}

/** Evenly over the sphere. */
function anywhere(random: () => number): Point {
  return [360 * random() - 180, (Math.asin(2 * random() - 1) * 180) / Math.PI]
}

/** Normally distributed around the site (Box-Muller transform), as wide on the ground in the north as at the equator. */
function around([longitude, latitude]: Point, random: () => number): Point {
  const radius = SPREAD_DEGREES * Math.sqrt(-2 * Math.log(random()))
  const angle = 2 * Math.PI * random()
  const widening = 1 / Math.max(0.1, Math.cos((latitude * Math.PI) / 180))
  return [round(longitude + radius * Math.cos(angle) * widening, 6), round(latitude + radius * Math.sin(angle), 6)]
}

async function append(connection: DuckDBConnection, placed: readonly Placed[], random: () => number): Promise<void> {
  await connection.run(`
    CREATE TABLE sightings (
      id BIGINT, species VARCHAR, class VARCHAR, country VARCHAR, individuals INTEGER, temperature_c DOUBLE,
      observed_at TIMESTAMP, verified BOOLEAN, longitude DOUBLE, latitude DOUBLE
    )
  `)
  const appender = await connection.createAppender('sightings')
  for (const [index, { point, country }] of placed.entries()) {
    const [longitude, latitude] = point
    const [species, group] = speciesAt(latitude, random)
    const day = Math.floor(random() * DAYS)
    appender.appendBigInt(BigInt(index + 1))
    appender.appendVarchar(species)
    appender.appendVarchar(group)
    appender.appendVarchar(country)
    appender.appendInteger(1 + Math.floor(-3 * Math.log(random())))
    if (random() < UNMEASURED) appender.appendNull()
    else appender.appendDouble(temperature(latitude, day, random))
    appender.appendTimestamp(
      new DuckDBTimestampValue(BigInt(FIRST_DAY_MS + day * DAY_MS + Math.floor(random() * DAY_MS)) * 1000n),
    )
    appender.appendBoolean(random() < 0.8)
    appender.appendDouble(longitude)
    appender.appendDouble(latitude)
    appender.endRow()
  }
  appender.closeSync()
}

/** Degrees Celsius: colder towards the poles and in the hemisphere's winter. */
function temperature(latitude: number, day: number, random: () => number): number {
  const yearly = 28 - 0.009 * latitude ** 2
  const season = -Math.cos((2 * Math.PI * (day - 15)) / 365) * (latitude / 90) * 18
  return round(yearly + season + 8 * (random() - 0.5), 1)
}

function round(value: number, digits: number): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}
