"""Importing this lets OpenBLAS choose its fastest kernel, on one thread; import it before numpy.

CALLER is the environment as it was before, for programs that are not peers.
"""
import os

CALLER = dict(os.environ, OPENBLAS_NUM_THREADS="1")

for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(name, None)
os.environ["OPENBLAS_NUM_THREADS"] = "1"
