"""Payment Token operations: the supply, what stands behind it, and who holds it (TP5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twin.catalog import Settings, check, every
from twin.desk.port import Desk, LogRecord, View
from twin.desk.steps import Finding
from twin.procedures.prices import PPM, wrong_of
from twin.procedures.reading import read_all

__all__ = ["SupplyLimits", "approved_mints", "token_supply"]

DAY = 86_400
NOBODY = bytes(20)


class SupplyLimits(Settings):
    """Limits of TP5 in ppm of the supply: one holder's share, that of the ten largest.

    Contracts of the network keep tokens for others and are no holders.
    """

    max_holder: int = 400_000
    max_ten: int = 950_000


def _state(desk: Desk) -> tuple[dict[str, Any], dict[str, int], int]:
    """Return what the last run filed, the holders of the last checkpoint, and that one's time."""
    proved = [item for item in desk.evidence.of("TP5") if item.verdict in ("ok", "finding")]
    if not proved:
        return {}, {}, -1
    last = proved[-1]
    data = dict(desk.evidence.data(last.ref))
    data.setdefault("checkpoint", last.ref)
    if "holders" in data:
        return data, data["holders"], data["upto"]
    kept = desk.evidence.data(data["checkpoint"])
    return data, dict(kept["holders"]), kept["upto"]


def _by(records: list[LogRecord], before: Mapping[str, int]) -> dict[str, int]:
    """Return the amounts by whoever minted or burned, on top of those of the runs *before*."""
    found = dict(before)
    for record in records:
        who = "0x" + record.args["by"].hex()
        found[who] = found.get(who, 0) + record.args["amount"]
    return found


def _total(amounts: Mapping[str, int]) -> int:
    total = 0
    for amount in amounts.values():
        total += amount
    return total


def approved_mints(desk: Desk) -> int:
    """Return the PT units whose mint by the issuer's key a change record approves."""
    total = 0
    for entry in desk.stores.entries("change"):
        if entry.state in ("approved", "implemented", "done", "closed"):
            amount = entry.data.get("mint_pt", 0)
            total += amount if isinstance(amount, int) else 0
    return total


def _holders(view: View, before: Mapping[str, int], since: int) -> dict[str, int]:
    """Return the holders: those *before*, and again all whom a transfer from *since* on touched."""
    touched: dict[bytes, None] = {}
    for record in view.logs("PaymentToken", "Transfer", since=since):
        for account in (record.args["from"], record.args["to"]):
            if account != NOBODY:
                touched[account] = None
    accounts = list(touched)
    balances = read_all(view, [("PaymentToken", "balanceOf", (one,)) for one in accounts])
    found = dict(before)
    for account, balance in zip(accounts, balances, strict=True):
        found["0x" + account.hex()] = balance
    return {name: held for name, held in found.items() if held}


CONTRACTS = (
    "AllocationBook", "Conversion", "FeeSchedule", "LiquidityPool", "OracleNetwork", "Reserve",
    "Settlement",
)  # fmt: skip
"""Contracts that keep PT for others."""


def _concentration(desk: Desk, holders: Mapping[str, int], supply: int) -> dict[str, Any]:
    """Return the shares of the largest holder and of the ten largest, ppm, contracts aside."""
    kept = {"0x" + desk.register.address(name).hex() for name in CONTRACTS}
    people = sorted(
        ((held, name) for name, held in holders.items() if name not in kept), reverse=True
    )
    ten = 0
    for held, _name in people[:10]:
        ten += held
    seen = _total(holders)
    return {
        "holders": len(people),
        "largest": people[0][1] if people else None,
        "largest_ppm": people[0][0] * PPM // max(1, supply) if people else 0,
        "ten_ppm": ten * PPM // max(1, supply),
        "unseen": supply - seen,
    }


def _identity(view: View, state: Mapping[str, Any]) -> dict[str, Any]:
    """Read the supply and follow who minted and burned since the last run."""
    supply, minted, burned, taken, paid = read_all(
        view,
        [("PaymentToken", name, ()) for name in ("totalSupply", "totalMinted", "totalBurned")]
        + [("Reserve", name, ()) for name in ("totalMinted", "totalRedeemed")],
    )
    since = state.get("upto", -1) + 1
    mints = view.logs("PaymentToken", "Minted", since=since)
    burns = view.logs("PaymentToken", "Burned", since=since)
    genesis = state.get("genesis")
    if genesis is None:  # block 0 is the deployment: what it minted is what the founders approved
        genesis = 0
        for record in mints:
            genesis += record.args["amount"] if record.block == 0 else 0
    return {
        "supply": supply, "minted": minted, "burned": burned, "genesis": genesis,
        "minted_by": _by(mints, state.get("minted_by", {})),
        "burned_by": _by(burns, state.get("burned_by", {})),
        "reserve_minted": taken, "reserve_redeemed": paid, "upto": view.timestamp,
    }  # fmt: skip


def _unbacked(desk: Desk, facts: Mapping[str, Any]) -> dict[str, int]:
    """Return what was minted after genesis, less what the reserve and conversion account for.

    What was burned past the reserve counts against it: a mint that was taken back is unbacked no
    more.
    """
    reserve = "0x" + desk.register.address("Reserve").hex()
    conversion = "0x" + desk.register.address("Conversion").hex()
    by = facts["minted_by"]
    approved = approved_mints(desk)
    backed = facts["reserve_minted"] + by.get(conversion, 0)
    retired = _total(facts["burned_by"]) - facts["burned_by"].get(reserve, 0)
    return {
        "unbacked": max(0, facts["minted"] - facts["genesis"] - backed - approved - retired),
        "approved": approved,
        "retired": retired,
        "reserve_mint_gap": by.get(reserve, 0) - facts["reserve_minted"],
        "reserve_burn_gap": facts["burned_by"].get(reserve, 0) - facts["reserve_redeemed"],
    }


@check(
    "TP5",
    "Token Management / Payment Token Operations / Token supply analysis",
    cadence=every(hours=1),
    inputs=(
        "PaymentToken and Reserve totals",
        "Minted, Burned and Transfer logs",
        "change records",
    ),
    evidence="supply proof: identity, who minted, what is unbacked; holder concentration daily",
    settings=SupplyLimits,
)
def token_supply(desk: Desk, settings: SupplyLimits) -> Finding:
    """Token supply analysis.

    The supply is what was minted less what was burned, by the totals and by the events one by one;
    what was minted after the start was taken in by the reserve, converted, or approved by a change
    record. Each run goes on where the last one's evidence ended. Holders are counted once a day.
    """
    view = desk.at()
    state, before, since = _state(desk)
    facts = _identity(view, state)
    facts |= _unbacked(desk, facts)
    problems = {
        "identity": int(facts["supply"] != facts["minted"] - facts["burned"]),
        "mint-events": int(_total(facts["minted_by"]) != facts["minted"]),
        "burn-events": int(_total(facts["burned_by"]) != facts["burned"]),
        "unbacked": int(facts["unbacked"] > 0),
        "reserve-books": int(bool(facts["reserve_mint_gap"] or facts["reserve_burn_gap"])),
    }
    if since < 0 or view.timestamp // DAY != since // DAY:
        holders = _holders(view, before, since + 1)
        concentration = _concentration(desk, holders, facts["supply"])
        facts |= {"holders": holders, "concentration": concentration}
    else:
        facts["checkpoint"] = state["checkpoint"]
        concentration = desk.evidence.data(state["checkpoint"])["concentration"]
    # What the day's count found stands until the next one.
    problems["holder"] = int(concentration["largest_ppm"] > settings.max_holder)
    problems["ten-holders"] = int(concentration["ten_ppm"] > settings.max_ten)
    facts["block"] = view.block
    wrong = wrong_of(problems)
    return Finding(
        verdict="finding" if wrong else "ok",
        summary=f"supply of PT: {', '.join(wrong)}" if wrong else "supply of PT proved",
        data=facts,
        problems=problems,
    )
