"""Whether an API's sample is right: the same question is asked on the team's own path to the chain.

The collector of endpoints and the procedures that judge integrations share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.desk.port import Answer, Desk, Integration
from twin.errors import TwinError

__all__ = ["OK", "right"]

OK = 200
"""The HTTP status of an answer with a body."""


def right(desk: Desk, agreed: Integration, answer: Answer) -> bool | None:
    """Say whether *answer* is right; None where it brought nothing, or nothing to judge it by.

    A sample that names a block is held against our own node at that block; a quote must be one;
    everything else is the canary, whose answer was agreed.
    """
    if answer.status != OK:
        return None
    try:
        return _agrees(desk, agreed, answer.body)
    except KeyError:
        return False  # the answer lacks a field that was agreed
    except TwinError:
        return None  # too old a block to ask our own node for


def _agrees(desk: Desk, agreed: Integration, body: Mapping[str, Any]) -> bool:
    match agreed.kind:
        case "rpc":
            (supply,) = desk.at(body["block"]).batch([("PaymentToken", "totalSupply", ())])
            return bool(supply == body["supply"])
        case "indexer":
            pool = desk.register.address("LiquidityPool")
            held = desk.at(body["block"]).read("PaymentToken", "balanceOf", pool)
            return bool(held == body["balance"])
        case "venue":
            return bool(0 < body["bid"] <= body["ask"])
        case _:
            return dict(body) == dict(agreed.canary)
