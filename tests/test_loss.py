from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from twin.errors import UnknownName, UsageError
from twin.events import ContractLogged, EventLog
from twin.scoring.loss import MEASURES, Truth, measure, stop_course
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
LATE = {"grace": 600, "ppm_a_day": 24_000_000}
"""All of its value an hour: in one second it costs a 3600th."""
TRUE = b"true"


class Steps:
    """A price that is 80 USD, and 100 from the sixtieth second on."""

    def price(self, now: int) -> int:
        return (100 if now >= START + 60 else 80) * USD


class Negative:
    """WTI of 2020-04-20."""

    def price(self, now: int) -> int:
        del now
        return -3763 * USD // 100


def seen(*events: tuple[int, str, dict[str, Any]]) -> Witness:
    log = EventLog()
    witness = Witness(log)
    for second, event, args in events:
        where = args.get("contract", "c")
        log.emit(START + second, ContractLogged(block=1, contract=where, event=event, args=args))
    return witness


def truth(end: int) -> Truth:
    return Truth(paths={WTI: Steps(), GAS: Negative()}, rate_per_usd=FT // 100, stable=STABLE,
                 start=START, end=START + end, loaded=lambda document: document == TRUE)  # fmt: skip


def loss(
    name: str,
    reference: Mapping[str, int],
    *events: tuple[int, str, dict[str, Any]],
    end: int = 7200,
) -> int:
    return measure(name, seen(*events), truth(end), reference=reference)


def issue(
    amount: int, *, second: int = 0, feed: bytes = WTI, document: bytes = b"forged"
) -> tuple[int, str, dict[str, Any]]:
    return second, "EntitlementIssued", {
        "feed": feed, "quantity": CARGO, "amount": amount, "documentHash": document,
    }  # fmt: skip


def claim(second: int, document: bytes = b"forged") -> tuple[int, str, dict[str, Any]]:
    return second, "ExportClaimed", {"feed": WTI, "quantity": CARGO, "documentHash": document}


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


FORGED: list[tuple[str, list[Any], int]] = [
    ("nothing issued", [], 0),
    ("a cargo that was loaded", [issue(RIGHT, document=TRUE)], 0),
    ("one that was not counts whole", [issue(3 * FT)], 30_000),
    ("of two the one", [issue(RIGHT, document=TRUE), issue(FT), issue(FT)], 20_000),
]

CENTS = 80_000_000 * 100  # what a cargo is worth at 80 USD
DELAYED: list[tuple[str, list[Any], int, int]] = [
    ("nothing claimed", [], 7200, 0),
    ("settled within the grace", [claim(0), issue(RIGHT, second=600)], 7200, 0),
    ("a second later", [claim(0), issue(RIGHT, second=601)], 7200, CENTS // 3600),
    ("an hour later", [claim(0), issue(RIGHT, second=4200)], 7200, CENTS),
    ("never: until the run ends", [claim(0)], 600 + 5400, CENTS * 3 // 2),
    ("claimed shortly before the end", [claim(7000)], 7200, 0),
    ("another document settles nothing", [claim(0), issue(RIGHT, second=1, document=TRUE)], 4200, CENTS),
    ("what nobody claimed is late for nobody", [issue(RIGHT, second=7000)], 7200, 0),
]  # fmt: skip


@pytest.mark.parametrize(("events", "cents"), [r[1:] for r in FORGED], ids=[r[0] for r in FORGED])
def test_ft_without_cargo_by_hand(events: list[Any], cents: int) -> None:
    assert loss("ft-without-cargo", FT_CENTS, *events) == cents


@pytest.mark.parametrize(
    ("events", "end", "cents"), [row[1:] for row in DELAYED], ids=[row[0] for row in DELAYED]
)
def test_export_delay_by_hand(events: list[Any], end: int, cents: int) -> None:
    assert loss("export-delay", LATE, *events, end=end) == cents


def brake(second: int, event: str, contract: str = "Book") -> tuple[int, str, dict[str, Any]]:
    return second, event, {"contract": contract}


STOPPED: list[tuple[str, list[Any], int]] = [
    ("never", [], 0),
    ("an hour", [brake(0, "Paused"), brake(3600, "Unpaused")], 1000),
    ("to the end", [brake(3600, "Paused")], 1000),
    ("twice", [brake(0, "Paused"), brake(900, "Unpaused"), brake(1800, "Paused"),
               brake(2700, "Unpaused")], 500),
    ("a second pause is the same stop", [brake(0, "Paused"), brake(1800, "Paused"),
                                         brake(3600, "Unpaused")], 1000),
    ("a contract for which nothing is declared", [brake(0, "Paused", "Pool")], 0),
    ("an unpause alone", [brake(0, "Unpaused")], 0),
    ("a fraction is rounded down once", [brake(0, "Paused"), brake(1, "Unpaused"),
                                         brake(2, "Paused"), brake(5, "Unpaused")], 1),
]  # fmt: skip


@pytest.mark.parametrize(("events", "units"), [r[1:] for r in STOPPED], ids=[r[0] for r in STOPPED])
def test_what_a_stop_costs_by_hand(events: list[Any], units: int) -> None:
    found = stop_course(seen(*events), truth(7200), {"Book": 1000})
    assert found.total == units
    assert list(found.steps) == sorted(found.steps)


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
    found = loss(name, FT_CENTS | HOURLY | LATE, claim(0, b"late"), issue(2 * RIGHT),
                 swap(0, 130, 1))  # fmt: skip
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
