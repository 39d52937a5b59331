"""What people do to the protocol at random: moves that make sense, and calls that make none.

`steps(seed)` is an endless stream of steps that depends on the seed alone. A move is a few steps
that belong together, such as an export from the claim to its settlement; what comes between them is
left to chance too, since moves are shuffled into each other. One call in eight is any function of
any contract by anybody with any arguments.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from protocol_machine import ARTIFACTS, NODES, PEOPLE, PROPOSAL, SOVEREIGNS, UNIT, Step

from twin.protocol.deployment import CONTRACTS
from twin.protocol.roles import Role
from twin.protocol.wiring import STOPPABLE, WIRING

__all__ = ["steps"]

KEYS = tuple(role.label for role in Role if role.label not in {"admin", "allocator", "minter"})
ANYBODY = (*PEOPLE, *KEYS, "zed", "treasury")
USD = 10**8
_HOUR, _DAY = 3600, 86400


class Hands:
    """Chance, and the little that a player remembers: how many documents there are, the price."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.documents, self.price = 0, 80 * USD
        self.pick = self.random.choice

    def amount(self, most: int = 10**6 * UNIT) -> int:
        """Return an amount: small, ordinary and large ones are equally likely."""
        return self.pick(
            (1, 999, self.random.randint(1, most // 1000), self.random.randint(1, most))
        )

    def document(self) -> str:
        """Return one of the last documents."""
        return f"#{self.random.randint(max(1, self.documents - 5), max(1, self.documents))}"

    def recent(self, word: str) -> str:
        """Return one of the last things that *word* counts, most often the very last."""
        return f"{word} {self.pick((0, 0, 0, 1, 2))}"

    def wait(self) -> int:
        """Return how long it takes: mostly seconds, at times hours, seldom days."""
        draw = self.random.random()
        if draw < 0.9:
            return self.random.randint(1, 40)
        return self.random.randint(60, 4000) if draw < 0.98 else self.random.randint(4000, 2 * _DAY)

    def step(self, who: str, contract: str, function: str, *args: Any) -> Step:
        """Return a step after a while."""
        return Step(who, contract, function, args, self.wait())


Move = Callable[[Hands], list[Step]]


def _swap(h: Hands) -> list[Step]:
    who, token = h.pick(PEOPLE), h.pick(("@PaymentToken", "@StableAsset"))
    return [h.step(who, "LiquidityPool", "swap", token, h.amount(), 0, f"@{who}")]


def _liquidity(h: Hands) -> list[Step]:
    who = h.pick(PEOPLE)
    add = h.step(who, "LiquidityPool", "addLiquidity", h.amount(), h.amount(), 0, f"@{who}")
    shares = h.amount()
    less = h.step(who, "LiquidityPool", "removeLiquidity", shares, 0, 0, f"@{who}")
    return h.pick(([add], [less], [add, less]))


def _tokens(h: Hands) -> list[Step]:
    who, other = h.pick(PEOPLE), f"@{h.pick(ANYBODY)}"
    pt = "PaymentToken"
    return [h.pick((
        h.step(who, pt, "transfer", other, h.amount()),
        h.step(who, pt, "retire", h.amount()),
        h.step("issuer", pt, "mint", other, h.amount()),
        h.step("reserve_manager", pt, "burn", other, h.amount()),
        h.step("governance", pt, "setCap", h.amount(10**9 * UNIT)),
        h.step("compliance", pt, "freeze", other),
        h.step("compliance", pt, "unfreeze", other),
        h.step(who, "LiquidityPool", "transfer", other, h.amount()),
    ))]  # fmt: skip


def _report(h: Hands) -> list[Step]:
    """The nodes report much the same price; at times it is nonsense, and all agree on it."""
    h.price = max(-40 * USD, min(190 * USD, h.price + h.random.randint(-3 * USD, 3 * USD)))
    price = h.price if h.random.random() < 0.85 else h.random.randint(-400 * USD, 400 * USD)
    found = []
    for node in NODES:
        answer = price + h.random.randint(-USD, USD)
        # Blocks come one after the other: what was seen a second ago is no older than the last.
        found.append(Step(node, "OracleNetwork", "submit", ("$WTI", answer, "now"), 1))
    return found


def _export(h: Hands) -> list[Step]:
    """From the claim to the settlement; somebody may lose interest on the way."""
    h.documents += 1
    document, quantity = f"#{h.documents}", h.random.randint(1, 2_500_000) * 1000
    said = quantity if h.random.random() < 0.9 else quantity + 1
    found = [h.step(h.pick(SOVEREIGNS), "AllocationBook", "claim", document, "$WTI", quantity)]
    found += [
        Step(node, "OracleNetwork", "attest", (document, said), 1)
        for node in h.random.sample(NODES, 2)
    ]
    found.append(Step("zed", "OracleNetwork", "finalise", (document,), 601))
    found += _report(h)
    found += [Step("zed", "AllocationBook", "settle", (document,), 1)] * h.pick((1, 1, 2))
    return found[: h.random.randint(3, 20)]


def _foundation(h: Hands) -> list[Step]:
    who, ft = h.pick(SOVEREIGNS), "FoundationToken"
    other = f"@{h.pick((*SOVEREIGNS, 'cora', 'zed'))}"
    amount = h.amount(10**24)
    return [h.pick((
        h.step(who, ft, "transfer", other, amount),
        h.step("cora", ft, "transfer", other, amount),
        h.step(who, ft, "delegate", f"@{h.pick(PEOPLE)}"),
        h.step("cora", ft, "delegate", f"@{h.pick(PEOPLE)}"),
        h.step(who, ft, "retire", amount),
        h.step("governance", ft, "setLockup", h.pick((0, 60, _DAY))),
        h.step("governance", "Conversion", "setPolicy", "$WTI", h.pick((0, 1250, 10**6)), _HOUR),
    ))]  # fmt: skip


def _conversion(h: Hands) -> list[Step]:
    """A sovereign converts at a fresh price."""
    amount = h.pick((1, 10**18, h.random.randint(1, 10**22)))
    return [*_report(h), h.step(h.pick(SOVEREIGNS), "Conversion", "convert", "$WTI", amount, 0)]


def _challenge(h: Hands) -> list[Step]:
    document, who = h.document(), h.pick(PEOPLE)
    oracle = "OracleNetwork"
    return [h.pick((
        h.step(who, oracle, "challenge", document, h.pick((0, 5000))),
        h.step(who, oracle, "escalate", document),
        h.step(who, oracle, "finalise", document),
        h.step(who, oracle, "collect", document),
        h.step(who, oracle, "slashFor", document, f"@{h.pick(NODES)}"),
        h.step("arbiter", oracle, "rule", document, h.pick((True, False))),
        h.step("oracle_admin", oracle, "setChallenge", h.pick((0, 600)), h.pick((UNIT, 10 * UNIT))),
    ))]  # fmt: skip


def _argument(h: Hands) -> list[Step]:
    """An export that is accepted, challenged, answered, and decided."""
    found = _export(h)[:3]
    document = f"#{h.documents}"
    found.append(h.step("tess", "OracleNetwork", "challenge", document, h.pick((0, 5000))))
    rounds = h.pick((0, 1, 2, 8))
    found += [
        Step(h.pick(("tom", "tess")), "OracleNetwork", "escalate", (document,), 1)
        for _ in range(rounds)
    ]
    found.append(Step("zed", "OracleNetwork", "finalise", (document,), 700))
    found.append(h.step("arbiter", "OracleNetwork", "rule", document, h.pick((True, False))))
    found += [h.step(who, "OracleNetwork", "collect", document) for who in ("tess", "tom", "tess")]
    found.append(h.step("zed", "OracleNetwork", "slashFor", document, f"@{h.pick(NODES)}"))
    return found


def _staking(h: Hands) -> list[Step]:
    node, oracle = h.pick(NODES), "OracleNetwork"
    return [h.pick((
        h.step(node, oracle, "stake", f"@{node}", h.amount(10**10)),
        h.step(node, oracle, "giveNotice", h.amount(10**9)),
        h.step(node, oracle, "withdraw"),
        h.step(h.pick(PEOPLE), oracle, "fund", h.amount(10**9)),
        h.step(node, oracle, "claimReward", "$WTI"),
        h.step("arbiter", oracle, "slash", f"@{node}", "#1"),
        h.step("oracle_admin", oracle, "setStaking", h.pick((0, 1000)), 3600, 1000, 100_000),
    ))]  # fmt: skip


def _roster(h: Hands) -> list[Step]:
    node, oracle, admin = f"@{h.pick((*NODES, 'tom'))}", "OracleNetwork", "oracle_admin"
    low, high = h.pick((-50, 0, 60)) * USD, h.pick((100, 200)) * USD
    config = [low, high, 3600, 5000, 7200, h.pick((2, 3))]
    return h.pick((
        [h.step(admin, oracle, "addNode", node)],
        [h.step(admin, oracle, "removeNode", node), h.step(admin, oracle, "addNode", node)],
        [h.step(admin, oracle, "addShadow", node), h.step(admin, oracle, "promote", node)],
        [h.step(admin, oracle, "configureFeed", "$WTI", config)],
    ))  # fmt: skip


def _book(h: Hands) -> list[Step]:
    document, who = h.document(), h.pick(SOVEREIGNS)
    book = "AllocationBook"
    quantity = h.pick((0, 1000, 10**6))
    dispute = h.step(who, book, "dispute", document, "#1")
    ruling = h.step("arbiter", book, "rule", document, h.pick((True, False)), quantity)
    return h.pick((
        [dispute], [ruling], [dispute, ruling],
        [Step("zed", book, "lapse", (document,), 30 * _DAY)],
        [h.step("issuer", book, "propose", document), h.step("compliance", book, "confirm", document)],
        [h.step("governance", book, "setTwoPerson", h.pick((True, False, False)))],
        [h.step("zed", book, "settle", document)],
    ))  # fmt: skip


def _sale(h: Hands) -> list[Step]:
    """A deal is opened, and something becomes of it, or of another."""
    buyer, seller = h.random.sample(("tess", "tom", *SOVEREIGNS), 2)
    # `now` is the moment of the call; an hour and a bit is the shortest term.
    args = (h.document(), f"@{seller}", h.amount(10**9), h.random.randint(1, 99), "now+4000")
    found = [Step(buyer, "Settlement", "open", args, h.wait())]
    ending = h.pick(("refund", "cancel", "rule", "release", ""))
    deal = h.recent("deal")
    if ending == "refund":
        found.append(Step("zed", "Settlement", "refund", (deal,), 4000))
        found += [h.step("zed", "Settlement", "refund", deal)] * h.pick((0, 1))
    elif ending == "cancel":
        found += [h.step(who, "Settlement", "cancel", deal) for who in (buyer, seller)]
    elif ending == "rule":
        found.append(h.step(buyer, "Settlement", "dispute", deal, "#1"))
        found.append(h.step("arbiter", "Settlement", "rule", deal, h.amount(10**8)))
    elif ending == "release":
        document, quantity = args[0], args[3]
        found += [
            Step(node, "OracleNetwork", "attest", (document, quantity), 1) for node in NODES[:2]
        ]
        found.append(Step("zed", "OracleNetwork", "finalise", (document,), 601))
        found.append(h.step("zed", "Settlement", "release", deal))
    return found


def _vault(h: Hands) -> list[Step]:
    vault, manager = "Reserve", "reserve_manager"
    source, target = h.random.sample((0, 1, 2), 2)
    amount = h.amount(5 * 10**4 * UNIT)
    number = h.recent("slice")
    return h.pick((
        [h.step("rita", vault, "redeem", amount, 0)],
        [h.step("rita", vault, "mint", amount, 0)],
        [h.step(h.pick(PEOPLE), vault, "deposit", amount)],
        [h.step(manager, vault, "openSlice", source, target, amount, amount, "@cora")],
        [h.step("cora", "StableAsset", "approve", "@Reserve", 10**15),
         h.step(manager, vault, "openSlice", source, target, amount, amount, "@cora"),
         h.step("attestor", vault, "bookSlice", number, amount)],
        [h.step("attestor", vault, "returnSlice", number)],
        [h.step("attestor", vault, "attest", h.pick((1, 2)), h.amount(), "#1", "now+4000")],
        [h.step("governance", vault, "setWeights", h.pick(([10**6, 0, 0], [1, 2, 3])))],
        [h.step("governance", vault, "setTiers", [[0, 1000], [h.pick((0, 9000)), 2000]])],
        [h.step("governance", vault, "setAssetFeed", h.pick((0, 2)), h.pick(("$WTI", "%" + "00" * 32)))],
        [h.step(manager, vault, "setOpen", h.pick((True, True, False)))],
    ))  # fmt: skip


def _fees(h: Hands) -> list[Step]:
    kind, fee = h.random.randint(0, 4), h.random.randint(0, 12_000)
    bounds = h.random.randint(0, 4000), h.random.randint(1000, 20_000)
    return [h.pick((
        h.step("fee_steward", "FeeSchedule", "adjust", kind, fee),
        h.step("governance", "FeeSchedule", "setFee", kind, fee),
        h.step("governance", "FeeSchedule", "setBounds", kind, *bounds, 1000, 3600),
    ))]  # fmt: skip


def _brake(h: Hands) -> list[Step]:
    """A contract stands still for some steps: those of other moves come between."""
    name = h.pick(STOPPABLE)
    stop = h.step(h.pick(("pauser", "pauser", "unpauser", "zed")), name, "pause")
    public = h.pick((_swap, _sale, _foundation, _report, _vault, _tokens, _book))(h)
    go = h.step("unpauser", name, "unpause")
    return [stop, *(_swap(h) if name == "LiquidityPool" else public)[:3],
            h.step("pauser", name, "unpause"), go]  # fmt: skip


def _power(h: Hands) -> list[Step]:
    who, role = h.pick(("zed", *PEOPLE)), h.random.randint(0, 12)
    return [h.pick((
        h.step(who, "Authority", "grantRole", role, f"@{who}", 0),
        h.step("governance", "Authority", "grantRole", role, f"@{who}", 0),
        h.step(who, "Authority", "renounceRole", role, f"@{who}"),
        h.step(who, "Authority", "revokeRole", role, f"@{h.pick(KEYS)}"),
        h.step(who, "FictraTimelock", "grantRole", "%" + "00" * 32, f"@{who}"),
    ))]  # fmt: skip


def _examination(h: Hands) -> list[Step]:
    who, registry = f"@{h.pick(PEOPLE)}", "ParticipantRegistry"
    again = h.step("compliance", registry, "approve", who, "now+9000000")
    return [h.step("compliance", registry, h.pick(("suspend", "revoke")), who), again] * (
        h.random.random() < 0.5
    ) or [h.step("compliance", registry, "register", who, h.random.randint(1, 31), "%4348"), again]


def _vote(h: Hands) -> list[Step]:
    """A proposal to set the cap goes all the way, if those who vote hold anything."""
    title = str(h.random.randint(0, 10**9))
    return [
        *(h.step(who, "FoundationToken", "delegate", f"@{who}") for who in SOVEREIGNS),
        h.step("alfa", "FictraGovernor", "propose", *PROPOSAL, title),
        *(Step(who, "FictraGovernor", "castVote", (f"vote {title}", 1), 31) for who in SOVEREIGNS),
        Step("zed", "FictraGovernor", "queue", (*PROPOSAL, f"title {title}"), 3700),
        Step("zed", "FictraGovernor", "execute", (*PROPOSAL, f"title {title}"), 3700),
    ]


def _wild(h: Hands) -> list[Step]:
    """Any function of any contract, by anybody, with anything."""
    name = h.pick(CONTRACTS[2:-2])
    changing = [
        entry for entry in ARTIFACTS[name].abi
        if entry["type"] == "function" and entry["stateMutability"] == "nonpayable"
    ]  # fmt: skip
    entry = h.pick(changing)
    who = h.pick(ANYBODY)
    keys = [wire.role.label for wire in WIRING
            if wire.contract == name and entry["name"] in wire.functions]  # fmt: skip
    if keys and h.random.random() < 0.3:
        who = keys[0]
    signature = f"{entry['name']}({','.join(_type(item) for item in entry['inputs'])})"
    return [h.step(who, name, signature, *(_anything(h, item) for item in entry["inputs"]))]


def _type(item: Any) -> str:
    kind: str = item["type"]
    if kind.startswith("tuple"):
        inside = ",".join(_type(part) for part in item["components"])
        return f"({inside}){kind[5:]}"
    return kind


def _anything(h: Hands, item: Any) -> Any:
    """Return a value of the ABI type of *item*: at the edges, or one that means something."""
    kind: str = item["type"]
    if kind.endswith("]"):
        base, _, size = kind[:-1].rpartition("[")
        count = int(size) if size else h.random.randint(0, 2)
        return [_anything(h, {**item, "type": base}) for _ in range(count)]
    if kind.startswith("tuple"):
        return [_anything(h, part) for part in item["components"]]
    if kind in _PLAIN:
        return _PLAIN[kind](h)
    if kind.startswith("bytes"):
        return "%" + h.random.randbytes(int(kind[5:])).hex()
    if kind.startswith("uint"):
        most = 2 ** int(kind[4:]) - 1
        return h.pick((0, 1, min(most, h.amount()), h.random.randint(0, min(most, 10**6)), most))
    most = 2 ** (int(kind[3:]) - 1) - 1
    return h.pick((0, h.random.randint(-100 * USD, 300 * USD), most, -most - 1))


_PLAIN: dict[str, Callable[[Hands], Any]] = {
    "address": lambda h: f"@{h.pick((*ANYBODY, *CONTRACTS))}",
    "bool": lambda h: h.pick((True, False)),
    "bytes": lambda h: "%",
    "bytes32": lambda h: h.pick((h.document(), "$WTI", "%" + "00" * 32)),
    "string": lambda h: "",
}


MOVES: tuple[tuple[Move, int], ...] = (
    (_swap, 8), (_liquidity, 6), (_tokens, 6), (_report, 5), (_export, 5), (_foundation, 8),
    (_challenge, 4), (_argument, 2), (_staking, 5), (_roster, 2), (_book, 6), (_sale, 6),
    (_vault, 8), (_fees, 3), (_conversion, 2), (_brake, 3), (_power, 3), (_examination, 1), (_vote, 1), (_wild, 12),
)  # fmt: skip
_MOVES, _WEIGHTS = zip(*MOVES, strict=True)


def steps(seed: int) -> Iterator[Step]:
    """Yield the steps of *seed*, without end: up to three moves run at the same time."""
    hands = Hands(seed)
    under_way: list[list[Step]] = []
    chosen: list[Step] = []
    while True:
        while len(under_way) < 3:
            (move,) = hands.random.choices(_MOVES, _WEIGHTS)
            if made := list(move(hands)):
                under_way.append(made)
        if not chosen or hands.random.random() < 0.3:
            chosen = hands.pick(under_way)
        yield chosen.pop(0)
        under_way = [left for left in under_way if left]
