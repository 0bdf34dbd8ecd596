/** One feature by the response keys under which its fields were asked: a worker made it so. */
export type FeatureRecord = Readonly<Record<string, unknown>>
