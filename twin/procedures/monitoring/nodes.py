"""What RPC nodes say of one chain, compared: heights, hashes, versions and answers (for MP5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twin.desk.port import Call, Desk, NodeStatus
from twin.errors import NoData, Reverted

__all__ = ["FACTS", "compare", "majority", "release", "statuses", "supported"]

FACTS: tuple[Call, ...] = (
    ("PaymentToken", "totalSupply", ()),
    ("LiquidityPool", "reserves", ()),
    ("FoundationToken", "totalSupply", ()),
)
"""What every node is asked: cheap, changing, and never all zero in a network that lives."""


def release(client: str) -> tuple[str, str]:
    """Return name and version of a client's text, such as `geth/v1.14.12/linux-amd64`."""
    name, _, rest = client.partition("/")
    return name, rest.partition("/")[0].removeprefix("v")


def supported(version: str, versions: Iterable[str]) -> bool:
    """Say whether *version* is of one of the release series *versions*."""
    return any(version == one or version.startswith(f"{one}.") for one in versions)


def statuses(desk: Desk) -> tuple[dict[str, NodeStatus], dict[str, str]]:
    """Return what each node says of itself, and of those that do not answer the reason."""
    found: dict[str, NodeStatus] = {}
    silent: dict[str, str] = {}
    for name in desk.services.nodes.names():
        try:
            found[name] = desk.services.nodes.status(name)
        except NoData as error:
            silent[name] = str(error)
    return found, silent


def majority(answers: Mapping[str, Any]) -> tuple[Any, list[str]]:
    """Return the answer that most nodes give, and who gives another; of a tie, None and all."""
    voters: dict[str, list[str]] = {}
    for name, answer in answers.items():
        voters.setdefault(repr(answer), []).append(name)
    ranked = sorted(voters.values(), key=len, reverse=True)
    if not ranked or (len(ranked) > 1 and len(ranked[0]) == len(ranked[1])):
        return None, list(answers)
    return answers[ranked[0][0]], [name for group in ranked[1:] for name in group]


def _hash(desk: Desk, node: str, number: int) -> str | None:
    try:
        return desk.services.nodes.block_hash(node, number)
    except NoData:
        return None


def _answers(desk: Desk, node: str, block: int) -> Any:
    """Return what *node* answers to the facts at *block*, or why it has no answer."""
    try:
        return _plain(desk.services.nodes.batch(node, FACTS, block=block))
    except NoData as error:
        return str(error)


def _plain(answers: list[Any]) -> list[Any]:
    """Return *answers* with the reason in the place of each that reverted."""
    return [str(answer) if isinstance(answer, Reverted) else answer for answer in answers]


def _wrong(answers: Mapping[str, Any], ours: Any) -> list[str]:
    """Return who answers otherwise than most; where most do not agree, than our own node."""
    agreed, others = majority(answers)
    if agreed is None:
        return [name for name, answer in answers.items() if answer != ours]
    return others


def compare(desk: Desk, found: Mapping[str, NodeStatus], *, max_lag: int) -> dict[str, Any]:
    """Return {head, block, behind, forked, wrong, agreeing} of the nodes that answer.

    Nodes within *max_lag* blocks of the highest are compared at their lowest head, *block*, by
    hash and by their answers. One that is further behind is held against the others' hash at its
    own head: it may stand still on the chain, or on another one.
    """
    head = max(status.number for status in found.values())
    fresh = {name: one for name, one in found.items() if head - one.number <= max_lag}
    block = min(status.number for status in fresh.values())
    hashes = {name: _hash(desk, name, block) for name in fresh}
    leader, forked = majority(hashes)
    guides = [name for name in fresh if name not in forked]
    for name, status in found.items():
        if name not in fresh and guides and _hash(desk, guides[0], status.number) != status.hash:
            forked.append(name)
    # What a node on another chain answers is wrong there or not: it is judged by its chain.
    answers = {name: _answers(desk, name, block) for name in fresh if name not in forked}
    ours = _ours(desk, block)
    wrong = _wrong(answers, ours) if answers else []
    return {
        "head": head,
        "block": block,
        "hash": leader,
        "behind": sorted(name for name in found if name not in fresh),
        "forked": sorted(forked),
        "wrong": sorted(wrong),
        "agreeing": sorted(name for name in answers if name not in wrong),
    }


def _ours(desk: Desk, block: int) -> Any:
    """Return the facts by the path that the team itself reads the chain through."""
    return _plain(desk.at(block).batch(FACTS))
