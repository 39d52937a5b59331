"""Properties of the protocol that must hold at every block, by name.

An invariant is data: a name, what it says, and a check that reads through view calls and events.
A check that compares with earlier blocks keeps what it saw in its *memory*; `Watch` holds the
memories, feeds each check the blocks in order, and forgets after a reorg, since what was seen on
orphaned blocks never happened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twin.errors import UnknownName
from twin.protocol.parameters import FEE_KINDS

__all__ = ["INVARIANTS", "Finding", "Invariant", "Memory", "View", "Watch", "invariant_named"]

Memory = MutableMapping[str, Any]


class Happened(Protocol):
    """An event as a view gives it."""

    @property
    def block(self) -> int:
        """The number of its block."""

    @property
    def index(self) -> int:
        """Its place among the logs of the block."""

    @property
    def args(self) -> Mapping[str, Any]:
        """Its arguments by name."""


class View(Protocol):
    """The contracts at one block: what a check may read. `ReaderAt` is one."""

    @property
    def block(self) -> int:
        """The block's number."""

    @property
    def timestamp(self) -> int:
        """The block's unix second."""

    def read(self, contract: str, function: str, *args: Any) -> Any:
        """Call a view function; one output comes bare, several as a tuple."""

    def address(self, name: str) -> bytes:
        """Return the address of the contract called *name*."""

    def logs(self, contract: str, event: str, *, since: int) -> Sequence[Happened]:
        """Return the events called *event* from unix second *since* on, oldest first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether an invariant holds, and the figures that say so."""

    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Invariant:
    """A property called *name*; *check* judges it at a view, with the memory it left last time."""

    name: str
    description: str
    check: Callable[[View, Memory], Finding]


def invariant_named(name: str) -> Invariant:
    """Return the invariant called *name*; UnknownName where there is none."""
    found = _BY_NAME.get(name)
    if found is None:
        raise UnknownName("invariant", name, _BY_NAME)
    return found


class Watch:
    """The invariants called *names* over one run, all of them where none are named."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        """Remember nothing yet; an unknown name raises UnknownName."""
        chosen = tuple(invariant_named(name) for name in names)
        self.invariants = chosen or INVARIANTS
        self._memories: dict[str, dict[str, Any]] = {}

    def broken(self, view: View) -> list[tuple[Invariant, Finding]]:
        """Check all at *view*, whose block is not before the last one; return those that fail."""
        judged = [(item, item.check(view, self._memory(item.name))) for item in self.invariants]
        return [(item, finding) for item, finding in judged if not finding.ok]

    def forget(self) -> None:
        """Forget earlier blocks; to be called after a reorg, before the next check."""
        self._memories.clear()

    def _memory(self, name: str) -> dict[str, Any]:
        return self._memories.setdefault(name, {})


def _since(view: View, memory: Memory) -> int:
    """Return the unix second from which events are news to *memory*, and mark them as seen."""
    since: int = memory.get("seen", -1) + 1
    memory["seen"] = view.timestamp
    return since


# -- the checks -------------------------------------------------------------------------------------


def _pt_supply(view: View, memory: Memory) -> Finding:
    del memory
    supply, minted, burned, cap = (
        view.read("PaymentToken", name)
        for name in ("totalSupply", "totalMinted", "totalBurned", "cap")
    )
    detail = f"supply {supply}, minted {minted} - burned {burned}, cap {cap}"
    return Finding(supply == minted - burned and supply <= cap, detail)


def _ft_supply(view: View, memory: Memory) -> Finding:
    supply = view.read("FoundationToken", "totalSupply")
    issued = view.read("FoundationToken", "totalIssued")
    entitled = memory.get("entitled", 0)
    since = _since(view, memory)
    for happened in view.logs("AllocationBook", "EntitlementIssued", since=since):
        entitled += happened.args["amount"]
    memory["entitled"] = entitled
    detail = f"supply {supply}, issued {issued}, entitlements {entitled}"
    return Finding(supply == issued == entitled, detail)


def _pool_reserves(view: View, memory: Memory) -> Finding:
    del memory
    pool = view.address("LiquidityPool")
    pt, stable, _ = view.read("LiquidityPool", "reserves")
    held_pt = view.read("PaymentToken", "balanceOf", pool)
    held_stable = view.read("StableAsset", "balanceOf", pool)
    detail = f"PT {pt} recorded, {held_pt} held; stable {stable} recorded, {held_stable} held"
    return Finding(pt <= held_pt and stable <= held_stable, detail)


def _pool_product(view: View, memory: Memory) -> Finding:
    """Compare k / shares^2 without a division: every trade and every rounding favours the pool."""
    pt, stable, _ = view.read("LiquidityPool", "reserves")
    shares = view.read("LiquidityPool", "totalSupply")
    now = pt * stable, shares
    before = memory.get("last", (0, 0))
    memory["last"] = now
    detail = f"k {before[0]} over {before[1]} shares became {now[0]} over {now[1]}"
    return Finding(now[0] * before[1] ** 2 >= before[0] * now[1] ** 2, detail)


def _fee_bounds(view: View, memory: Memory) -> Finding:
    del memory
    outside = []
    for index, kind in enumerate(FEE_KINDS):
        fee, low, high, *_ = view.read("FeeSchedule", "schedule", index)
        if not low <= fee <= high:
            outside.append(f"{kind} {fee} outside [{low}, {high}]")
    return Finding(not outside, "; ".join(outside) or f"{len(FEE_KINDS)} fees inside their bounds")


def _oracle_bounds(view: View, memory: Memory) -> Finding:
    """Walk configurations and answers in the order of the chain: bounds are those of the moment."""
    since = _since(view, memory)
    bounds: dict[bytes, tuple[int, int]] = memory.setdefault("bounds", {})
    configured = view.logs("OracleNetwork", "FeedConfigured", since=since)
    answered = view.logs("OracleNetwork", "AnswerUpdated", since=since)
    outside = []
    for happened in sorted((*configured, *answered), key=lambda item: (item.block, item.index)):
        feed = happened.args["feed"]
        if "config" in happened.args:
            low, high, *_ = happened.args["config"]
            bounds[feed] = low, high
            continue
        answer = happened.args["answer"]
        low, high = bounds[feed]
        if not low <= answer <= high:
            where = f"feed 0x{feed.hex()[:8]} at block {happened.block}"
            outside.append(f"{where} took {answer}, outside [{low}, {high}]")
    return Finding(not outside, "; ".join(outside) or f"{len(answered)} new answers inside bounds")


def _allocation_once(view: View, memory: Memory) -> Finding:
    """Pair the book's entitlements with the token's issues: each document once on both sides."""
    seen: dict[str, dict[bytes, int]] = memory.setdefault("documents", {"book": {}, "token": {}})
    since = _since(view, memory)
    twice = []
    for side, contract, event in (
        ("book", "AllocationBook", "EntitlementIssued"),
        ("token", "FoundationToken", "Issued"),
    ):
        for happened in view.logs(contract, event, since=since):
            document = happened.args["documentHash"]
            if document in seen[side]:
                twice.append(f"{contract} issued document 0x{document.hex()} twice")
            seen[side][document] = happened.args["amount"]
    if seen["book"] != seen["token"]:
        twice.append("entitlements and issues name different documents or amounts")
    return Finding(not twice, "; ".join(twice) or f"{len(seen['book'])} documents, each once")


INVARIANTS = (
    Invariant("pt-supply", "PT supply = minted - burned, and within the cap", _pt_supply),
    Invariant("ft-supply", "FT supply = issued = the sum of all entitlements", _ft_supply),
    Invariant("pool-reserves", "the pool holds what it records", _pool_reserves),
    Invariant("pool-product", "the pool's product per share never falls", _pool_product),
    Invariant("fee-bounds", "each fee lies inside its bounds", _fee_bounds),
    Invariant("oracle-bounds", "each answer lay inside its feed's bounds", _oracle_bounds),
    Invariant("allocation-once", "each export document issued FT once", _allocation_once),
)
"""All there are, in the order in which they are checked."""

_BY_NAME = {item.name: item for item in INVARIANTS}
