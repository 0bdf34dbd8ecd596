/** Polygons as SQL over (i, x, y). Metres become degrees at the feature's own latitude; coordinates have 7 or 8 digits, as surveys have. */
const CORNERS = `[
  [[0, 0], [1, 0], [1, 1], [0, 1]],
  [[0, 0], [1, 0], [1, 0.7], [0.75, 1], [0, 1]],
  [[0, 0], [1, 0], [1, 0.55], [0.5, 0.55], [0.5, 1], [0, 1]],
  [[0, 0], [1, 0], [1, 0.55], [0.5, 0.55], [0.5, 0.8], [0.35, 1], [0, 1]],
  [[0, 0], [1, 0], [1, 1], [0.7, 1], [0.7, 0.45], [0.3, 0.45], [0.3, 1], [0, 1]]
]`

export const SHAPE_MACROS = [
  `CREATE MACRO east(x, y, metres, digits) AS round(x + metres / (111320 * cos(radians(y))), digits)`,
  `CREATE MACRO north(y, metres, digits) AS round(y + metres / 110574, digits)`,
  `CREATE MACRO closed(ring) AS ST_MakePolygon(ST_MakeLine(list_append(ring, ring[1])))`,
  `CREATE MACRO turned(x, y, dx, dy, angle) AS ST_Point(
    east(x, y, dx * cos(angle) - dy * sin(angle), 7), north(y, dx * sin(angle) + dy * cos(angle), 7))`,
  `CREATE MACRO footprint(x, y, corners, width, depth, angle) AS closed(
    list_transform(corners, lambda c: turned(x, y, (c[1] - 0.5) * width, (c[2] - 0.5) * depth, angle)))`,
  `CREATE MACRO spoke(x, y, angle, radius) AS ST_Point(east(x, y, radius * cos(angle), 8), north(y, radius * sin(angle), 8))`,
  `CREATE MACRO outline(i, x, y, corners, radius, lobes, phase) AS closed(list_transform(range(corners), lambda k: spoke(x, y,
    2 * pi() * (k + from_to(i, k, -0.3, 0.3)) / corners,
    radius * (1 + 0.25 * sin(lobes * 2 * pi() * k / corners + phase) + from_to(i, -k - 1, -0.03, 0.03)))))`,
]

export const FOOTPRINT = `footprint(x, y, ${CORNERS}[CASE WHEN uniform(i, 'shape') < 0.45 THEN 1 ELSE whole(i, 'other shape', 2, 5) END],
  from_to(i, 'width', 8, 35), from_to(i, 'depth', 7, 25), from_to(i, 'angle', 0, 1.57))`

export const OUTLINE = `outline(i, x, y, whole(i, 'corners', 99, 399), from_to(i, 'radius', 20, 120), whole(i, 'lobes', 2, 5),
  from_to(i, 'phase', 0, 6.28))`
