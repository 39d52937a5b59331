"""Faults of py-evm that are known and not ours to mend: the allow-list of lock-step.

A fault stands here with the rule it breaks and the evidence, so that a run in lock-step goes on
where it strikes. None is excused on its own word: EELS must say again, on the very transaction,
that revm is right, and the fault must fit what is seen. Without EELS nothing is excused.

The list is empty. The faults of py-evm 0.12.1b1 that are known are mended in the twin instead:
MODEXP with an empty base (EIP-198) in `pyevm_computation`; senders with code (EIP-3607) and a tip
above the fee cap (EIP-1559) in `validity`; blob transactions (EIP-4844) never enter the twin.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from twin.chain.arbiter_dispute import Dispute

__all__ = ["KNOWN", "KnownFault", "excuse"]


@dataclass(frozen=True, slots=True)
class KnownFault:
    """A fault of py-evm: the *eip* it breaks, the *evidence*, and *fits* says whether this is it."""

    name: str
    eip: str
    evidence: str
    fits: Callable[[Dispute], bool]


KNOWN: tuple[KnownFault, ...] = ()


def excuse(dispute: Dispute, known: Iterable[KnownFault]) -> KnownFault | None:
    """Return the fault of *known* that *dispute* is, or None where it is none of them."""
    if dispute.verdict is None or dispute.verdict.right != ("revm",):
        return None
    return next((fault for fault in known if fault.fits(dispute)), None)
