/**
 * Features crowd around 300 cities of very different size, as real ones do: a box of 1,000 features is a street in one place and a
 * province in another. All are clear of the poles and the antimeridian.
 */
const CITIES = 300
/** Weights are cut to this many equal slots, so that drawing a city is a join on a number. */
const SLOTS = 20_000

export const CITY_TABLES = [
  `CREATE TABLE city AS
   SELECT i AS city, from_to(i, 'city x', -165, 165) AS x,
     least(65, greatest(-55, CASE WHEN i % 3 = 0 THEN 42 + 9 * normal(i, 'city y') WHEN i % 3 = 1 THEN 15 + 12 * normal(i, 'city y')
       ELSE -25 + 9 * normal(i, 'city y') END)) AS y,
     uniform(i, 'city spread') AS spread, pow(i + 1, -0.8) AS weight
   FROM range(${CITIES}) r(i)`,
  `CREATE TABLE slot AS
   SELECT slot, city FROM (
     SELECT city, ${SLOTS} * sum(weight) OVER (ORDER BY city) / sum(weight) OVER () AS upto, ${SLOTS} * weight / sum(weight) OVER () AS width
     FROM city
   ), range(${SLOTS}) s(slot) WHERE slot < upto AND slot >= upto - width`,
]

/**
 * Rows i = 1 .. `rows` with a place (x, y): seven of ten in the city's core, the others in its suburbs.
 * `spread`: degrees, of the most and of the least crowded city.
 */
export function scatter(rows: number, spread: readonly [number, number]): string {
  const reach = `(${spread[0]} + ${spread[1] - spread[0]} * city.spread) * CASE WHEN uniform(i, 'core') < 0.7 THEN 1 ELSE 3 END`
  return `SELECT i, city.x + normal(i, 'x') * ${reach} / cos(radians(city.y)) AS x, city.y + normal(i, 'y') * ${reach} AS y
    FROM range(1, ${rows + 1}) r(i) JOIN slot ON slot.slot = whole(i, 'city', 0, ${SLOTS - 1}) JOIN city USING (city)`
}
