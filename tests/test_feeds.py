from __future__ import annotations

import json
from typing import Any

import pytest
import world_lab as lab

from twin.console.feeds import Feeds, plain
from twin.desk import wire
from twin.desk.port import Ticker

HOUR = 3600


@pytest.fixture(scope="module")
def stage() -> lab.Stage:
    made = lab.stage(agents=[*lab.NODES])
    made.world.run(made.world.clock.start + HOUR)
    return made


@pytest.fixture
def feeds(stage: lab.Stage) -> Feeds:
    return Feeds(stage.world.desk, stage.world.deployment)


def ask(feeds: Feeds, path: str, *args: Any, **named: Any) -> Any:
    answer = wire.loads(feeds.answer(path, wire.dumps({"args": list(args), "named": named})))
    return answer["value"] if "value" in answer else wire.raised(answer["error"])


def test_a_part_answers_what_its_port_declares(feeds: Feeds, stage: lab.Stage) -> None:
    desk = stage.world.desk
    assert ask(feeds, "venues/names") == ["meridian"]
    ticker = ask(feeds, "venues/ticker", "meridian")
    assert isinstance(ticker, Ticker)
    assert ticker == desk.venues.ticker("meridian")
    assert ask(feeds, "feeds/reports", "WTI") == desk.feeds.reports("WTI")
    assert ask(feeds, "register/feed_id", "WTI") == desk.register.feed_id("WTI")
    assert ask(feeds, "evidence/of", "ME4", since=0) == desk.evidence.of("ME4")
    assert ask(feeds, "chain/stats", desk.at().block, since=0) == desk.at().stats(since=0)


def test_a_copy_of_the_chain_is_kept_under_its_number(feeds: Feeds) -> None:
    first, second = ask(feeds, "lab/fork", "try"), ask(feeds, "lab/fork", "try again")
    assert (first, second) == (0, 1)
    before = ask(feeds, "forks/1/now")
    ask(feeds, "forks/1/wait", 60)
    assert (ask(feeds, "forks/1/now"), ask(feeds, "forks/0/now")) == (before + 60, before)
    assert ask(feeds, "forks/0/read", "LiquidityPool", "paused") is False


REFUSED = [
    ("venues/_venues", "no question to Venues is called '_venues'"),
    ("venues/__class__", "no question to Venues"),
    ("venues/tickers", "did you mean 'ticker'?"),
    ("world/run", "no part of the desk is called 'world'"),
    ("chain/_chain", "no part of the desk is called 'chain'"),
    ("services/_x/y", "no part of the desk"),
    ("lab/_make", "no part of the desk is called 'lab'"),
    ("forks/9/now", "does not fit"),
    ("forks/x/now", "does not fit"),
    ("feeds/index", "does not fit"),
    ("", "no part of the desk"),
    ("evidence/_records", "no question to Evidences"),
]


@pytest.mark.parametrize(("path", "says"), REFUSED, ids=lambda text: text)
def test_what_the_port_lacks_is_refused(feeds: Feeds, path: str, says: str) -> None:
    error = ask(feeds, path)
    assert says in str(error)


def test_an_error_of_the_desk_is_told(feeds: Feeds) -> None:
    assert "no commodity is called 'GAS'" in str(ask(feeds, "feeds/index", "GAS"))


def test_a_body_that_is_no_question_is_refused(feeds: Feeds) -> None:
    for body in (b"[", b'{"args": 5}', b"[1]", b'"x"', b'{"$World":{}}'):
        assert "error" in json.loads(feeds.answer("venues/names", body))


def test_a_simple_question_stands_in_the_path(feeds: Feeds) -> None:
    assert json.loads(feeds.get("venues/names"))["value"] == ["meridian"]
    assert (
        json.loads(feeds.get("venues/ticker/meridian"))["value"]["$Ticker"]["venue"] == "meridian"
    )
    assert "0x" in json.loads(feeds.get("register/feed_id/WTI"))["value"]["$bytes"]


@pytest.mark.parametrize(
    ("segment", "value"),
    [
        ("a%20b", "a b"),
        ("12", 12),
        ("-3", -3),
        ("0x0a", b"\n"),
        ("0xzz", "0xzz"),
        ("x12", "x12"),
        ("²", "²"),
    ],
)
def test_a_segment_is_bytes_a_number_or_a_text(segment: str, value: Any) -> None:
    assert plain(segment) == value


def test_the_manifest_is_the_deployments(feeds: Feeds, stage: lab.Stage) -> None:
    assert ask(feeds, "manifest") == stage.world.deployment.to_json()
