"""Working time, and the free times in it."""
