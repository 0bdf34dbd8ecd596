/** Name, class, the latitude it likes best, and how far from there it goes, in degrees. */
const SPECIES = [
  ['Red fox', 'mammal', 50, 25],
  ['Moose', 'mammal', 60, 12],
  ['African elephant', 'mammal', -8, 14],
  ['Jaguar', 'mammal', -6, 18],
  ['Barn swallow', 'bird', 35, 40],
  ['Snowy owl', 'bird', 68, 10],
  ['House sparrow', 'bird', 25, 45],
  ['Emperor penguin', 'bird', -75, 8],
  ['Green iguana', 'reptile', 8, 12],
  ['Nile crocodile', 'reptile', -5, 16],
  ['Common toad', 'amphibian', 50, 14],
  ['Monarch butterfly', 'insect', 28, 22],
  ['Honey bee', 'insect', 20, 45],
] as const

/** A species that may be met at the latitude: the nearer to where it likes to be, the likelier. */
export function speciesAt(latitude: number, random: () => number): readonly [name: string, group: string] {
  const weights = SPECIES.map(([, , best, spread]) => Math.exp(-(((latitude - best) / spread) ** 2)))
  let left = random() * weights.reduce((sum, weight) => sum + weight, 0)
  for (const [index, [name, group]] of SPECIES.entries()) {
    left -= weights[index]!
    if (left <= 0) return [name, group]
  }
  return [SPECIES[0][0], SPECIES[0][1]]
}
