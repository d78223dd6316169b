"""Time and memory beside what else a user could install.

A topic is one module with ``SIZES``, three numbers, and ``workloads(size)``, which yields a
``Workload`` for every operation and order of its input. A workload's contenders do the same job on
the same input, ours first. ``graphformers bench <topic>`` measures those that are installed.
"""

from graphformers.benchmarks.measure import Measurement, measure
from graphformers.benchmarks.workload import Cost, Workload, forward_backward, optional_module

__all__ = ["Cost", "Measurement", "Workload", "forward_backward", "measure", "optional_module"]
