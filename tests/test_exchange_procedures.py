"""IX1 to IX5 and TP3 over real counterparts: quiet, each trouble by the handle of its fault, blind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from exchange_lab import HOUR, Lab
from paper_desk import Stage

from twin.catalog import Settings
from twin.desk.records import canonical
from twin.desk.steps import Case, Finding, Notify
from twin.errors import NoData
from twin.procedures.integration.exchange import (
    MakerReview,
    coordinate_makers,
    exchange_api,
    market_data,
    relationships,
    trading_pairs,
)
from twin.procedures.integration.venue_prices import MarketData
from twin.procedures.integration.venue_probes import ExchangeWatch
from twin.procedures.integration.venue_relations import Relationship
from twin.procedures.tokens.integration import ExchangeMaintenance, maintain_exchanges

Check = Callable[[Lab], Finding]
Spoil = Callable[[Lab], object]


def met(finding: Finding) -> set[str]:
    canonical(finding.data)  # evidence is JSON
    return {name for name, count in finding.problems.items() if count}


def ix1(lab: Lab) -> Finding:
    return exchange_api(lab.desk, ExchangeWatch())


def ix2(lab: Lab) -> Finding:
    return trading_pairs(lab.desk, Settings())


def ix4(lab: Lab) -> Finding:
    return market_data(lab.desk, MarketData())


def tp3(lab: Lab) -> Finding:
    return maintain_exchanges(lab.desk, ExchangeMaintenance())


@pytest.mark.parametrize("check", [ix1, ix2, ix4, tp3])
def test_venues_that_are_well(check: Check) -> None:
    finding = check(Lab())
    assert (finding.verdict, met(finding)) == ("ok", set())


def halt(lab: Lab, *, admitted: bool = False) -> None:
    lab["meridian"].halt_withdrawals(admitted=admitted)


def thin_index(lab: Lab) -> None:
    lab["meridian"].index_by_own_book(own=True)
    lab.venues["meridian"].thin(10_000, 0)


TROUBLES: list[tuple[str, Check, Spoil, int, set[str]]] = [
    ("withdrawals wait", ix1, halt, 4 * HOUR, {"withdrawal", "status-page"}),
    ("withdrawals wait, and it is said", ix1, lambda lab: halt(lab, admitted=True), 4 * HOUR,
     {"withdrawal"}),
    ("the book stands still", ix1, lambda lab: lab.venues["meridian"].freeze(), HOUR,
     {"stale-book", "status-page"}),
    ("down", ix1, lambda lab: lab.venues["meridian"].halt(), 3 * HOUR,
     {"heartbeat", "order", "withdrawal"}),
    ("the key ended", ix1, lambda lab: lab["meridian"].expire_key(lab.clock.now), 3 * HOUR,
     {"order", "withdrawal", "status-page"}),
    ("another symbol", ix2, lambda lab: lab["meridian"].change_pair(symbol="PTUSD"), 0, {"metadata"}),
    ("other decimals", ix2, lambda lab: lab["meridian"].change_pair(base_decimals=8), 0, {"metadata"}),
    ("another tick", ix2, lambda lab: lab["meridian"].change_pair(tick="0.001000"), 0, {"metadata"}),
    ("no bands", ix2, lambda lab: lab["meridian"].change_pair(bands=None), 0, {"bands"}),
    ("narrower bands", ix2,
     lambda lab: lab["meridian"].change_pair(bands={"low": "0.900000", "high": "1.100000"}), 0,
     {"bands"}),
    ("delisting", ix2, lambda lab: lab["meridian"].change_pair(status="delisting", delist_at=9), 0,
     {"listing"}),
    ("one that does not answer", ix2, lambda lab: lab.venues["meridian"].halt(), 0, {"unread"}),
    ("a wrong print", ix4, lambda lab: lab.venues["meridian"].misprint(900_000, 10**6), 60, {"print"}),
    ("its own book", ix4, lambda lab: lab["meridian"].index_by_own_book(own=True), 0,
     {"index-composition"}),
    ("its own thin book", ix4,
     thin_index, 0, {"index-composition", "index-thin"}),
    ("a field renamed", tp3, lambda lab: lab["meridian"].break_api("book", "renamed"), 0,
     {"contract", "sandbox"}),
    ("amounts retyped", tp3, lambda lab: lab["meridian"].break_api("pair", "retyped"), 0,
     {"contract", "sandbox"}),
    ("an endpoint gone", tp3, lambda lab: lab["meridian"].break_api("index", "gone"), 0,
     {"contract", "sandbox"}),
    ("a key that ends soon", tp3,
     lambda lab: lab["meridian"].expire_key(lab.clock.now + 13 * 86_400), 0, {"key"}),
    ("a key that ended", tp3, lambda lab: lab["meridian"].expire_key(lab.clock.now), 0,
     {"contract", "sandbox", "sandbox-order", "key"}),
    ("a breaking release ahead", tp3,
     lambda lab: lab["meridian"].release("v2", in_seconds=86_400, breaking=True, text="v2"), 0,
     {"release"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "spoil", "seconds", "items"),
    [row[1:] for row in TROUBLES],
    ids=[row[0] for row in TROUBLES],
)
def test_each_trouble_is_found_and_named(
    check: Check, spoil: Spoil, *, seconds: int, items: set[str]
) -> None:
    lab = Lab()
    spoil(lab)
    lab.run(seconds)
    finding = check(lab)
    assert (finding.verdict, met(finding)) == ("finding", items)


@pytest.mark.parametrize(
    ("spoil", "undo"),
    [
        (halt, lambda lab: lab["meridian"].resume_withdrawals()),
        (lambda lab: lab.venues["meridian"].freeze(), lambda lab: lab.venues["meridian"].thaw()),
        (lambda lab: lab.venues["meridian"].halt(), lambda lab: lab.venues["meridian"].resume()),
        (lambda lab: lab["meridian"].expire_key(lab.clock.now),
         lambda lab: lab["meridian"].renew_key()),
    ],
    ids=["withdrawals", "book", "outage", "key"],
)  # fmt: skip
def test_a_trouble_that_is_over_is_over_for_the_probes(spoil: Spoil, undo: Spoil) -> None:
    lab = Lab()
    spoil(lab)
    lab.run(4 * HOUR)
    assert ix1(lab).verdict == "finding"
    undo(lab)
    lab.run(6 * HOUR)
    assert ix1(lab).verdict == "ok"


def test_a_short_wait_for_a_withdrawal_is_no_halt() -> None:
    lab = Lab()
    halt(lab)
    lab.run(HOUR)
    assert "withdrawal" not in met(ix1(lab))


@pytest.mark.parametrize("check", [ix2, ix4])
def test_no_venue_that_answers_is_no_data(check: Check) -> None:
    lab = Lab("meridian")
    lab.venues["meridian"].halt()
    lab.run(60)
    finding = check(lab)
    assert (finding.verdict, finding.problems["no-data"]) == ("no-data", 1)


def test_nothing_with_a_price_is_no_data() -> None:
    lab = Lab("meridian")
    lab.venues["meridian"].halt()
    lab.run(0)
    lab.desk.answers["LiquidityPool", "reserves"] = (0, 0, 0)
    with pytest.raises(NoData, match="neither pool nor venue"):
        ix4(lab)


def test_a_prober_that_never_probed_is_a_problem_and_no_pass() -> None:
    lab = Lab(hours=0)
    assert {"order", "withdrawal"} <= met(ix1(lab))


# -- makers ----------------------------------------------------------------------------------------


def review(lab: Lab, uptime: float | None, **choices: str) -> tuple[Finding, Stage]:
    lab.desk.series = {"avg_over_time(fictra_maker_honoured": [] if uptime is None else [uptime]}
    stage = Stage(lab.desk, choices=dict(choices))
    return stage.play(coordinate_makers(Case("daily"), MakerReview())), stage


def test_makers_that_keep_their_contracts() -> None:
    finding, stage = review(Lab(), 0.96)
    assert finding.verdict == "ok"
    assert len(stage.log) == 1
    contract = finding.data["contracts"][0]
    assert contract["now"] == {"spread": 1000, "depth": 400_000 * 10**6, "honoured": True}


@pytest.mark.parametrize(("uptime", "choice"), [(0.9, "warn"), (0.6, "replace"), (0.0, "replace")])
def test_makers_that_miss_theirs_are_warned_or_replaced(uptime: float, choice: str) -> None:
    lab = Lab("meridian")
    finding, stage = review(lab, uptime)
    assert (finding.verdict, met(finding)) == ("finding", {"obligation"})
    assert finding.data["choice"] == choice
    assert [step.audience for step in stage.notices] == ["maker:makers"]
    (action,) = lab.desk.stores.entries("action")
    assert action.subject.startswith(choice)


def test_a_treasurer_may_accept_it() -> None:
    lab = Lab("meridian")
    finding, stage = review(lab, 0.1, missed="accept")
    assert (finding.data["actions"], stage.notices) == ([], [])


def test_an_uptime_that_nobody_knows_is_no_data() -> None:
    finding, _ = review(Lab(), None)
    assert finding.verdict == "no-data"


def test_quotes_show_what_a_withdrawal_leaves() -> None:
    lab = Lab("meridian")
    lab.venues["meridian"].thin(0, 0)
    finding, _ = review(lab, 0.2)
    assert finding.data["contracts"][0]["now"] == {"spread": None, "depth": 0, "honoured": False}


# -- relationships -----------------------------------------------------------------------------------


def relate(lab: Lab, settings: Relationship | None = None) -> tuple[Finding, Stage]:
    """Play IX5; notices are published, and time passes for the contacts too."""
    stage = Stage(lab.desk)

    class Calling(Stage):
        def _answer(self, step: Any) -> Any:
            if isinstance(step, Notify):
                self.desk.notices.publish(
                    lab.clock.now, audience=step.audience, subject=step.subject, text=step.text
                )
            before = self.desk.now
            answer = super()._answer(step)
            lab.run(self.desk.now - before)
            return answer

    stage = Calling(lab.desk)
    finding = stage.play(relationships(Case("daily"), settings or Relationship()))
    lab.desk.evidence.file("IX5", lab.desk.now, finding)
    return finding, stage


def test_the_first_day_calls_the_tree_and_everybody_answers() -> None:
    lab = Lab()
    finding, stage = relate(lab)
    assert finding.verdict == "ok"
    assert len(stage.notices) == 4
    assert finding.data["answers"]["unreachable"] == []
    assert set(finding.data["exposure"]["held"]) == {"meridian", "zephyr"}
    again, stage = relate(lab)
    assert (again.verdict, stage.notices) == ("ok", []), "called again before it is due"


def test_a_venue_that_nobody_answers_at_is_unreachable() -> None:
    lab = Lab()
    lab.contacts.lose("meridian")
    finding, _ = relate(lab)
    assert met(finding) == {"unreachable"}
    assert finding.data["answers"]["unreachable"] == ["meridian"]
    lab.contacts.find("meridian")
    lab.run(8 * 86_400)
    assert "unreachable" not in met(relate(lab)[0])


def test_too_much_at_one_venue_is_found() -> None:
    lab = Lab()
    lab.venues["meridian"].deposit("fictra-ops", 0, 500_000 * 10**6)
    finding, _ = relate(lab)
    assert met(finding) == {"exposure"}
    assert finding.data["exposure"]["over"] == ["meridian"]


def test_signals_become_a_risk_once() -> None:
    lab = Lab()
    lab.news.campaign("meridian", spacing=60)
    lab.run(600)
    finding, _ = relate(lab)
    assert met(finding) == {"signals"}
    assert len(finding.data["news"]["alarming"]["meridian"]) == 4
    relate(lab)
    (risk,) = lab.desk.stores.entries("risk")
    assert risk.data["venue"] == "meridian"


def test_ordinary_news_alarm_nobody() -> None:
    lab = Lab()
    lab.run(60 * 86_400)
    assert len(lab.news.published) > 60
    assert "signals" not in met(relate(lab)[0])


def test_a_feed_that_died_is_stale_and_not_quiet() -> None:
    lab = Lab()
    lab.news.silence(silent=True)
    lab.run(20 * 86_400)
    assert "news-stale" in met(relate(lab)[0])


def test_a_balance_that_cannot_be_read_is_told() -> None:
    lab = Lab()
    lab["meridian"].break_api("balances", "retyped")
    finding, _ = relate(lab)
    assert "unread" in met(finding)
    assert "cannot be read" in finding.data["exposure"]["unread"]["meridian"]
