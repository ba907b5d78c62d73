"""The application that `flask` and gunicorn find by themselves."""

import gc

from clinic import create_app

GC_THRESHOLD = 50_000
"""How many more objects are allocated than freed before a collection; Python's own value is meant for small heaps."""

app = create_app()
gc.collect()
gc.freeze()
gc.set_threshold(GC_THRESHOLD, 20, 20)
