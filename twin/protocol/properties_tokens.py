"""Properties of the tokens: supplies, documents, votes."""

from __future__ import annotations

from twin.protocol.property import Finding, Invariant, Memory, View, holds, news

__all__ = ["TOKENS"]

_PT = tuple(("PaymentToken", name) for name in ("totalSupply", "totalMinted", "totalBurned", "cap"))
_FT = tuple(
    ("FoundationToken", name)
    for name in ("totalSupply", "totalIssued", "totalRetired", "totalReversed")
)
_NOBODY = bytes(20)


def _pt_supply(view: View, memory: Memory) -> Finding:
    del memory
    supply, minted, burned, cap = (view.read(*call) for call in _PT)
    detail = f"supply {supply}, minted {minted} - burned {burned}, cap {cap}"
    return Finding(supply == minted - burned and supply <= cap, detail)


def _ft_supply(view: View, memory: Memory) -> Finding:
    supply, issued, retired, reversed_ = (view.read(*call) for call in _FT)
    entitled = memory.get("entitled", 0)
    for happened in news(view, memory, ("AllocationBook", "EntitlementIssued")):
        entitled += happened.args["amount"]
    memory["entitled"] = entitled
    detail = f"supply {supply}, issued {issued} - retired {retired} - reversed {reversed_}, "
    detail += f"entitlements {entitled}"
    return Finding(supply == issued - retired - reversed_ and issued == entitled, detail)


def _allocation_once(view: View, memory: Memory) -> Finding:
    """Pair the book's entitlements with the token's issues: each document once on both sides."""
    seen: dict[str, dict[bytes, int]] = memory.setdefault(
        "documents", {"AllocationBook": {}, "FoundationToken": {}}
    )
    wrong = []
    for happened in news(
        view, memory, ("AllocationBook", "EntitlementIssued"), ("FoundationToken", "Issued")
    ):
        document, name = happened.args["documentHash"], happened.contract
        if document in seen[name]:
            wrong.append(f"{name} issued document 0x{document.hex()} twice")
        seen[name][document] = happened.args["amount"]
    if seen["AllocationBook"] != seen["FoundationToken"]:
        wrong.append("entitlements and issues name different documents or amounts")
    return holds(wrong, f"{len(seen['AllocationBook'])} documents, each once")


def _votes(view: View, memory: Memory) -> Finding:
    """Follow balances and delegations, and compare the votes of whoever they touched."""
    balances: dict[bytes, int] = memory.setdefault("balances", {})
    delegates: dict[bytes, bytes] = memory.setdefault("delegates", {})
    votes: dict[bytes, int] = memory.setdefault("votes", {})
    touched: dict[bytes, None] = {}  # in the order of the chain

    def add(account: bytes, value: int) -> None:
        if account != _NOBODY:
            votes[account] = votes.get(account, 0) + value
            touched[account] = None

    for happened in news(
        view, memory, ("FoundationToken", "Transfer"), ("FoundationToken", "DelegateChanged")
    ):
        args = happened.args
        if happened.event == "Transfer":
            for account, value in ((args["from"], -args["value"]), (args["to"], args["value"])):
                balances[account] = balances.get(account, 0) + value
                add(delegates.get(account, _NOBODY), value)
        else:
            held = balances.get(args["delegator"], 0)
            delegates[args["delegator"]] = args["toDelegate"]
            add(args["fromDelegate"], -held)
            add(args["toDelegate"], held)
    wrong = [
        f"0x{account.hex()} has {found} votes of {votes[account]} delegated"
        for account in touched
        if (found := view.read("FoundationToken", "getVotes", account)) != votes[account]
    ]
    return holds(wrong, f"{len(votes)} delegates, {len(touched)} of them changed")


TOKENS = (
    Invariant("pt-supply", "PT supply = minted - burned, and within the cap", _pt_supply, _PT),
    Invariant(
        "ft-supply",
        "FT supply = issued - retired - reversed, and issued = the sum of all entitlements",
        _ft_supply,
        _FT,
    ),
    Invariant("allocation-once", "each export document issued FT once", _allocation_once),
    Invariant("votes-delegated", "votes are the balances of those who delegate", _votes),
)
"""All there are of the tokens."""
