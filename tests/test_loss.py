from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from twin.errors import UnknownName, UsageError
from twin.events import ContractLogged, EventLog
from twin.scoring.loss import MEASURES, Truth, measure
from twin.witness import Witness

START = 1_700_000_000
USD = 10**8
FT = 10**18
WTI, GAS = b"\x0a" * 32, b"\x0b" * 32
PT, STABLE = b"\x01" * 20, b"\x02" * 20
CARGO = 1_000_000 * 1000  # a million barrels
RIGHT = 80_000_000 // 100 * FT  # ... at 80 USD, a hundredth FT a dollar
FT_CENTS = {"ft_value_cents": 10_000, "tolerance_ppm": 20_000}
HOURLY = {"target": 100, "period": 3600}


class Steps:
    """A price that is 80 USD, and 100 from the sixtieth second on."""

    def price(self, now: int) -> int:
        return (100 if now >= START + 60 else 80) * USD


class Negative:
    """WTI of 2020-04-20."""

    def price(self, now: int) -> int:
        del now
        return -3763 * USD // 100


def loss(
    name: str,
    reference: Mapping[str, int],
    *events: tuple[int, str, dict[str, Any]],
    end: int = 7200,
) -> int:
    log = EventLog()
    witness = Witness(log)
    for second, event, args in events:
        log.emit(START + second, ContractLogged(block=1, contract="c", event=event, args=args))
    truth = Truth(paths={WTI: Steps(), GAS: Negative()}, rate_per_usd=FT // 100, stable=STABLE,
                  start=START, end=START + end)  # fmt: skip
    return measure(name, witness, truth, reference=reference)


def issue(amount: int, *, second: int = 0, feed: bytes = WTI) -> tuple[int, str, dict[str, Any]]:
    return second, "EntitlementIssued", {"feed": feed, "quantity": CARGO, "amount": amount}


ISSUED: list[tuple[str, list[Any], int]] = [
    ("nothing issued", [], 0),
    ("exactly right", [issue(RIGHT)], 0),
    ("too little is nobody's loss", [issue(RIGHT // 2)], 0),
    ("at the tolerance", [issue(RIGHT * 102 // 100)], 0),
    ("a unit above it counts in full", [issue(RIGHT * 102 // 100 + 1)], 16_000 * 10_000),
    ("twice as much", [issue(2 * RIGHT)], 800_000 * 10_000),
    ("a thousand times", [issue(1000 * RIGHT)], 999 * 800_000 * 10_000),
    ("by the price of its second", [issue(RIGHT * 5 // 4, second=59)], 200_000 * 10_000),
    ("and of the next", [issue(RIGHT * 5 // 4, second=60)], 0),
    ("two add up, one short does not offset", [issue(2 * RIGHT), issue(0), issue(3 * RIGHT)],
     3 * 800_000 * 10_000),
    ("below zero nothing is due", [issue(5 * FT, feed=GAS)], 5 * 10_000),
    ("a fraction of a cent is rounded down once", [issue(10**13, feed=GAS), issue(10**13 * 9, feed=GAS)], 1),
    ("another event", [(0, "ExportClaimed", {"quantity": CARGO})], 0),
]  # fmt: skip


@pytest.mark.parametrize(("events", "cents"), [r[1:] for r in ISSUED], ids=[r[0] for r in ISSUED])
def test_ft_over_entitlement_by_hand(events: list[Any], cents: int) -> None:
    assert loss("ft-over-entitlement", FT_CENTS, *events) == cents


def swap(
    second: int, amount_in: int, amount_out: int, token: bytes = STABLE
) -> tuple[int, str, Any]:
    return second, "Swapped", {"tokenIn": token, "amountIn": amount_in, "amountOut": amount_out}


SWAPPED: list[tuple[str, list[Any], int, int]] = [
    ("nothing swapped", [], 7200, 0),
    ("stable in", [swap(0, 130, 1)], 7200, 30),
    ("stable out", [swap(0, 1, 130, PT)], 7200, 30),
    ("at the target", [swap(0, 100, 1)], 7200, 0),
    ("each period for itself", [swap(0, 130, 1), swap(3599, 20, 1), swap(3600, 90, 1)], 7200, 50),
    ("a slack hour does not offset", [swap(0, 10, 1), swap(3600, 190, 1)], 7200, 90),
    ("a period that is cut short does not count", [swap(3600, 500, 1)], 7199, 0),
    ("nor does a run shorter than one", [swap(0, 500, 1)], 3599, 0),
    ("other events", [(0, "LiquidityAdded", {"shares": 9})], 7200, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("events", "end", "units"), [row[1:] for row in SWAPPED], ids=[row[0] for row in SWAPPED]
)
def test_volume_over_target_by_hand(events: list[Any], end: int, units: int) -> None:
    assert loss("volume-over-target", HOURLY, *events, end=end) == units


@pytest.mark.parametrize("name", MEASURES)
def test_a_loss_is_a_whole_number(name: str) -> None:
    found = loss(name, FT_CENTS | HOURLY, issue(2 * RIGHT), swap(0, 130, 1))
    assert isinstance(found, int)
    assert found > 0


@pytest.mark.parametrize(
    ("name", "reference", "says"),
    [
        (
            "ft-over-entitlement",
            {"tolerance_ppm": 1, "ft_value_cent": 1},
            "ft_value_cents.*ft_value_cent'",
        ),
        ("ft-over-entitlement", {"ft_value_cents": 1}, "no reference figure .* 'tolerance_ppm'"),
        ("volume-over-target", {"target": 1}, "no reference figure .* 'period'; known: target"),
        ("ft-over-entitlements", FT_CENTS, "no loss measure .* did you mean 'ft-over-entitlement'"),
    ],
)
def test_figures_and_measures_that_are_missing_are_named(
    name: str, reference: dict[str, int], says: str
) -> None:
    with pytest.raises(UnknownName, match=says):
        loss(name, reference)


def test_a_feed_without_a_true_price_is_an_error_and_no_zero() -> None:
    with pytest.raises(UnknownName, match="feed with a true price is called '0x0f0f"):
        loss("ft-over-entitlement", FT_CENTS, issue(RIGHT, feed=b"\x0f" * 32))


def test_a_period_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="per period of 0 s"):
        loss("volume-over-target", {"target": 1, "period": 0})
