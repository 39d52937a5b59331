"""Whether an API's sample is right: the same question is asked on the team's own path to the chain.

The collector of endpoints and the procedures that judge integrations share it.
"""

from __future__ import annotations

from twin.desk.port import Answer, Desk, Integration
from twin.errors import TwinError

__all__ = ["right"]


def right(desk: Desk, agreed: Integration, answer: Answer) -> bool | None:
    """Say whether *answer* is right; None where it brought nothing, or nothing to judge it by.

    A sample that names a block is held against our own node at that block; a quote must be one;
    everything else is the canary, whose answer was agreed.
    """
    if answer.status != 200:
        return None
    body = answer.body
    try:
        if agreed.kind == "rpc":
            return bool(
                desk.at(body["block"]).read("PaymentToken", "totalSupply") == body["supply"]
            )
        if agreed.kind == "indexer":
            pool = desk.register.address("LiquidityPool")
            held = desk.at(body["block"]).read("PaymentToken", "balanceOf", pool)
            return bool(held == body["balance"])
        if agreed.kind == "venue":
            return 0 < body["bid"] <= body["ask"]
    except KeyError:
        return False  # the answer lacks a field that was agreed
    except TwinError:
        return None  # too old a block to ask our own node for
    return dict(body) == dict(agreed.canary)
