"""A suite of runs: scenarios x seeds x controls, each judged, compared with its golden file.

Cases are independent of each other, so they run side by side, each in a fresh process, which is
given paths and names, never objects, and answers with a plain record.
"""

from __future__ import annotations

from twin.suite.case import Case, Result
from twin.suite.cases import cases, chosen, run_case, slices
from twin.suite.pool import run_all

__all__ = ["Case", "Result", "cases", "chosen", "run_all", "run_case", "slices"]
