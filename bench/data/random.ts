/**
 * Seeded randomness inside the engine: a pure function of (row, purpose), so that the data does not depend on threads or on order.
 * It leans on DuckDB's `hash`, which is the same for one version of the engine; the cache's key holds that version.
 */
const SEED = 20_261

export const RANDOM_MACROS = [
  // 53 bits of the hash make a double in [0, 1).
  `CREATE MACRO uniform(i, purpose) AS (hash(i, purpose, ${SEED}) >> 11)::DOUBLE / 9007199254740992`,
  `CREATE MACRO from_to(i, purpose, low, high) AS low + (high - low) * uniform(i, purpose)`,
  // Up to and including `high`.
  `CREATE MACRO whole(i, purpose, low, high) AS (low + floor((high - low + 1) * uniform(i, purpose)))::INTEGER`,
  `CREATE MACRO pick(i, purpose, list) AS list[whole(i, purpose, 1, len(list))]`,
  // Box and Muller.
  `CREATE MACRO normal(i, purpose) AS sqrt(-2 * ln(1 - uniform(i, purpose))) * cos(2 * pi() * uniform(i, purpose || '~'))`,
  // About twelve characters, distinct enough that a dictionary is no great help.
  `CREATE MACRO syllable(i, purpose) AS pick(i, purpose, ['ka', 'lo', 'mi', 'ren', 'sto', 'vil', 'dor', 'ash', 'ber', 'tun', 'gra', 'zen'])`,
  `CREATE MACRO label(i) AS syllable(i, 'l1') || syllable(i, 'l2') || syllable(i, 'l3') || lpad(whole(i, 'l4', 0, 9999)::VARCHAR, 4, '0')`,
]
