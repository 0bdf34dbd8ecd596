/** A worker died while it was reserved, before its execution reached it. */
export class NeverBegan extends Error {}
