"""One GeoJSON stream over a WebSocket by the Python pipeline: stream.py RIG DATASET ROWS. Prints its measurements as JSON."""
import sys

rig, dataset, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
sys.path.insert(0, rig)
import bench_pipeline
import pipeline
from common import DATASETS

whole = pipeline.select
if rows < DATASETS[dataset]["n"]:
    pipeline.select = lambda name, where="": f"{whole(name, where)} LIMIT {rows}"
    DATASETS[dataset]["n"] = rows
# The bench waits for a quiet machine itself, before each side alike.
bench_pipeline.quiet = lambda *_: 0.0
bench_pipeline.one(dataset, "ws", 4)
