"""Box queries by the Python pipeline, a connection opened for each: boxes.py RIG DATASET CONCURRENCY SECONDS. Prints JSON."""
import runpy
import sys

rig, dataset, concurrency, seconds = sys.argv[1:5]
sys.path.insert(0, rig)
import common

# The bench waits for a quiet machine itself, before each side alike.
common.quiet = lambda *_, **__: 0.0
sys.argv = [f"{rig}/bench_bbox.py", "--one", dataset, "own", "4", concurrency, seconds]
runpy.run_path(sys.argv[0], run_name="__main__")
