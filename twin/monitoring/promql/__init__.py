"""PromQL: expressions compiled once to closures over the series, with Prometheus' own semantics.

The reference is Prometheus 2.42, which Debian ships: windows closed on both sides, a lookback of
five minutes, extrapolation and counter resets in `rate` and `increase`, dropped names, matching
errors. What is outside the subset is refused when it is compiled, by name.
"""

from twin.monitoring.promql.compiler import Expression, compile_expression
from twin.monitoring.promql.functions import SUPPORTED

__all__ = ["SUPPORTED", "Expression", "compile_expression"]
