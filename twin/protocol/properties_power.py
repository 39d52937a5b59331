"""Properties of power: who holds roles, and what a stopped contract still does."""

from __future__ import annotations

from twin.protocol.property import Finding, Invariant, Memory, View, holds, in_order, news
from twin.protocol.roles import Role

__all__ = ["POWER", "SILENT"]

SILENT: dict[str, tuple[str, ...]] = {
    "PaymentToken": ("Minted",),
    "FoundationToken": ("Issued", "Retired"),
    "OracleNetwork": ("AnswerSubmitted", "ExportAttested", "Staked", "RewardPaid", "BondPosted",
                      "BondCollected", "Withdrawn"),
    "AllocationBook": ("ExportClaimed", "EntitlementIssued", "ClaimDisputed"),
    "LiquidityPool": ("Swapped", "LiquidityAdded", "LiquidityRemoved", "Transfer"),
    "Settlement": ("DealOpened", "DealReleased", "DealRefunded", "CancelAsked", "DealDisputed"),
    "Conversion": ("Converted",),
    "Reserve": ("Redeemed", "MintedAgainst", "Deposited", "SliceOpened"),
}  # fmt: skip
"""The events of public entry points: a stopped contract announces none of them."""

_BRAKES = tuple((name, event) for name in SILENT for event in ("Paused", "Unpaused"))
_KEYS = {"Paused": "pauser", "Unpaused": "unpauser"}
_GRANTS = (("Authority", "RoleGranted"), ("Authority", "RoleRevoked"))


def _roles(view: View, memory: Memory) -> Finding:
    """Follow grants and revocations; whoever holds a role stands in the register."""
    held: dict[tuple[int, bytes], None] = memory.setdefault("held", {})
    for happened in news(view, memory, *_GRANTS):
        key = happened.args["roleId"], happened.args["account"]
        if happened.event == "RoleGranted":
            held[key] = None
        else:
            held.pop(key, None)
    register = view.deployment.holders
    labels = {int(role): role.label for role in Role}
    wrong = [
        f"0x{account.hex()} holds the role {labels.get(number, number)} outside the register"
        for number, account in held
        if all(account != grant.account for grant in register.get(labels.get(number, ""), ()))
    ]
    return holds(wrong, f"{len(held)} grants, all in the register")


def _pauses(view: View, memory: Memory) -> Finding:
    """Walk brakes and public events in the order of the chain; where nothing stood, nothing did."""
    stopped: dict[str, bool] = memory.setdefault("stopped", {})
    wrong = []
    stood = [name for name, still in stopped.items() if still]
    since = memory.get("seen", -1)
    brakes = news(view, memory, *_BRAKES)
    watched = dict.fromkeys((*stood, *(happened.contract for happened in brakes)))
    public = [(name, event) for name in watched for event in SILENT[name]]
    announced = news(view, {"seen": since}, *public)
    for happened in in_order((*brakes, *announced)):
        name, event = happened.contract, happened.event
        if event in _KEYS:
            stopped[name] = event == "Paused"
            account, role = happened.args["account"], _KEYS[event]
            if all(account != grant.account for grant in view.deployment.holders[role]):
                wrong.append(f"{name} was {event.lower()} by 0x{account.hex()}, who is no {role}")
        elif stopped.get(name):
            wrong.append(f"{name} announced {event} in block {happened.block} while paused")
    return holds(wrong, f"{sum(stopped.values())} contracts stopped, and silent")


POWER = (
    Invariant("roles-registered", "nobody outside the register holds a role", _roles),
    Invariant(
        "pause-stops",
        "a stopped contract does nothing public, and only the unpauser starts it",
        _pauses,
    ),
)
"""All there are of power."""
