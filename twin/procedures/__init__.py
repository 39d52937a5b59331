"""The procedures, as folders like the seed document: area, then group, five procedures a file.

A check is a function of the desk that returns a finding; a runbook is a generator of steps.
Neither knows whether it runs in the twin or live: they import the desk's port and nothing else.
"""

from __future__ import annotations

from types import ModuleType

__all__ = ["modules"]


def modules() -> tuple[ModuleType, ...]:
    """Return every module that holds procedures, in the order of the seed document."""
    from twin.procedures.incident import detection, response
    from twin.procedures.integration import oracle
    from twin.procedures.monitoring import economic, performance
    from twin.procedures.tokens import payment

    return (performance, economic, payment, oracle, detection, response)
