import type { Row } from '../row.ts'
import { ARROW_STREAM_ROWS } from './arrow-stream.ts'
import { BOX_CPU } from './box-cpu.ts'
import { BOX_LATENCY } from './box-latency.ts'
import { BOX_ROWS } from './boxes.ts'
import { BOXES_REPEATED } from './boxes-repeated.ts'
import { ARROW_DOWNLOAD } from './download.ts'
import { TYPED_FEATURES } from './features.ts'
import { FIRST_BATCH } from './first-batch.ts'
import { GEOJSON_ENGINE } from './geojson-engine.ts'
import { GEOJSON_PYTHON_ROWS } from './geojson-python.ts'
import { LIVE_ROWS } from './live.ts'
import { MEMORY } from './memory.ts'
import { MEMORY_AFTER_PARCELS } from './memory-after-parcels.ts'
import { MEMORY_IDLE } from './memory-idle.ts'
import { NEAREST } from './nearest.ts'
import { PAGE } from './page.ts'
import { SCALE } from './scale.ts'
import { SERVER_CPU } from './server-cpu.ts'
import { SMALL_ROWS } from './small.ts'
import { START } from './start.ts'
import { START_ONE } from './start-one.ts'
import { SUBSCRIBERS } from './subscribers.ts'
import { TILE_ROWS } from './tiles.ts'
import { TYPED_PAGE } from './typed-page.ts'

/** In the order of the table. */
export const ROWS: readonly Row[] = [
  GEOJSON_ENGINE,
  ...ARROW_STREAM_ROWS,
  ARROW_DOWNLOAD,
  SUBSCRIBERS,
  SCALE,
  ...GEOJSON_PYTHON_ROWS,
  TYPED_FEATURES,
  TYPED_PAGE,
  ...BOX_ROWS,
  BOX_LATENCY,
  BOXES_REPEATED,
  ...SMALL_ROWS,
  BOX_CPU,
  NEAREST,
  ...TILE_ROWS,
  ...LIVE_ROWS,
  PAGE,
  FIRST_BATCH,
  SERVER_CPU,
  MEMORY,
  MEMORY_IDLE,
  MEMORY_AFTER_PARCELS,
  START,
  START_ONE,
]
