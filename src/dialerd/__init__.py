"""Owns one setting that must stand before numpy is loaded, and nothing else.

The pacer's matrices are small. OpenBLAS gives each product to all processors, and its threads then wait for each other
by spinning: measured with two processors and one process, pacing took 2.5 times the CPU time of one thread.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
