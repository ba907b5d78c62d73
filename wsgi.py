"""The application that `flask` and gunicorn find by themselves."""

import gc

gc.disable()  # until the application is made
from clinic import create_app  # noqa: E402

GC_THRESHOLD = 50_000
"""How many more objects are allocated than freed before a collection; Python's own value is meant for small heaps."""

app = create_app()
gc.collect()
gc.freeze()
gc.set_threshold(GC_THRESHOLD, 20, 20)
gc.enable()
