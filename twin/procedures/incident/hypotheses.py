"""The hypothesis board: every cause that we know of is asked about, from public evidence alone.

A hypothesis has queries; each answer is a clue with a weight in points, for it or against it. All
are asked, whatever the first alert suggests: the family of the incident counts one point, as much
as a weak clue. Points become weights; two that stay close are a question, not an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twin.desk.port import Desk, Incident
from twin.errors import NoData, Reverted, UnknownName
from twin.procedures.monitoring.happenings import happenings
from twin.procedures.routine.state import difference, live_parameters

__all__ = ["HYPOTHESES", "Clue", "Hypothesis", "board", "merged", "ranked"]

HOUR = 3600
PPM = 1_000_000
BEFORE = 6 * HOUR
"""Seconds before the opening in which a cause is looked for."""


@dataclass(frozen=True, slots=True)
class Clue:
    """The *answer* to a *query*, worth *points* for (or, negative, against) the hypothesis."""

    query: str
    answer: str
    points: int


Probe = Callable[[Desk, Incident], Iterator[Clue]]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A cause in words: *latent* says that it may lie there long before anything happens."""

    name: str
    text: str
    families: tuple[str, ...]
    probe: Probe
    latent: bool = False


def _gap(price: int, truth: int) -> int:
    return abs(price - truth) * PPM // max(1, abs(truth))


def _vendor_wrong(desk: Desk, item: Incident) -> Iterator[Clue]:
    """Hold what each vendor quoted against the index at the same samples."""
    since = item.opened - HOUR
    for name in desk.services.vendors.names():
        commodity = desk.services.vendors.vendor(name).commodity
        index = {quote.at: quote.price for quote in
                 desk.services.vendors.reference(commodity, since=since)}  # fmt: skip
        gaps = [_gap(quote.price, index[quote.at])
                for quote in desk.services.vendors.history(name, since=since)
                if quote.at in index]  # fmt: skip
        worst = max(gaps, default=None)
        if worst is None:
            continue
        points = 6 if worst > 200_000 else 3 if worst > 20_000 else -1
        yield Clue(f"vendors.history({name}) against the index", f"off by {worst} ppm", points)


def _vendor_silent(desk: Desk, item: Incident) -> Iterator[Clue]:
    """Find vendors that stopped quoting before the incident."""
    now = desk.now
    for name in desk.services.vendors.names():
        before = desk.services.vendors.history(name, since=item.opened - 2 * BEFORE)
        if not before:
            continue
        last = before[-1].at
        usual = before[-1].at - before[-2].at if len(before) > 1 else HOUR
        silent = max(0, min(now, item.opened + HOUR) - last)
        points = 4 if silent > 3 * usual else -1
        yield Clue(f"vendors.history({name})", f"last quote {silent} s before", points)


def _node_lies(desk: Desk, item: Incident) -> Iterator[Clue]:
    """Hold each node's signed report against the others who name the same source."""
    del item
    for commodity in desk.register.commodities():
        reports = desk.feeds.reports(commodity)
        by_source: dict[str, list[int]] = {}
        for report in reports:
            by_source.setdefault(report.source, []).append(report.answer)
        worst = ("", 0)
        for report in reports:
            same = sorted(by_source[report.source])
            if len(same) > 2:
                worst = max(worst, (report.node, _gap(report.answer, same[len(same) // 2])),
                            key=lambda pair: pair[1])  # fmt: skip
        points = 6 if worst[1] > 20_000 else -1
        yield Clue(f"signed reports on {commodity} by source", f"{worst[0]} off by {worst[1]} ppm",
                   points)  # fmt: skip


def _drift(desk: Desk, item: Incident) -> Iterator[Clue]:
    """Hold what the contracts are set to against the signed register."""
    known: dict[str, int] = {}
    for commodity in desk.register.commodities():
        values = desk.register.parameter(f"feed.{commodity}")
        parts = ("min_answer", "max_answer", "heartbeat", "deviation", "max_age", "quorum")
        known |= {f"feed.{commodity}.{part}": int(value)
                  for part, value in zip(parts, values, strict=True)}  # fmt: skip
    live = live_parameters(desk)
    approved = {name: int(value) for name, value in desk.register.parameters().items()
                if name in live and isinstance(value, int)}  # fmt: skip
    wanted = {**approved, **known}
    found = difference(wanted, {name: live[name] for name in wanted if name in live})
    for name, (before, after) in found.items():
        near = name.startswith("feed.") and item.family == "oracle"
        yield Clue(f"parameter {name} against the register", f"{after}, approved {before}",
                   4 if near else 3)  # fmt: skip
    if not found:
        yield Clue("all parameters against the register", "as approved", -3)


def _power(desk: Desk, item: Incident) -> Iterator[Clue]:
    """Look for acts of power that neither register nor timelock explains."""
    window = desk.now - item.opened + BEFORE
    found = [event for event in
             happenings(desk, desk.at(), window=window, transfer_window=window, large_ppm=100_000)
             if event.item]  # fmt: skip
    for event in found[:10]:
        yield Clue(
            "privileged events against register and timelock", f"{event.item}: {event.what}", 5
        )
    if not found:
        yield Clue("privileged events against register and timelock", "all explained", -2)


def _changes(desk: Desk, item: Incident) -> Iterator[Clue]:
    """Look for changes that were carried out within the day before."""
    lately = [entry for entry in desk.stores.entries("change")
              if entry.state in ("executed", "done")
              and item.opened - 24 * HOUR <= entry.changed <= item.opened]  # fmt: skip
    for entry in lately:
        yield Clue("changes carried out in the last day", f"{entry.id} {entry.subject}", 4)
    if not lately:
        yield Clue("changes carried out in the last day", "none", -2)


def _fired(*domains: str) -> Probe:
    """Make a probe for alerts of *domains* beside the incident's own."""

    def probe(desk: Desk, item: Incident) -> Iterator[Clue]:
        own = {key.partition("{")[0] for key in item.alerts}
        span = desk.now - item.opened + HOUR
        query = (f'max by (alertname) (max_over_time(ALERTS{{alertstate="firing",'
                 f'domain=~"{"|".join(domains)}"}}[{span}s]))')  # fmt: skip
        names = sorted(labels.get("alertname", "") for labels, _value in desk.metrics.query(query))
        beside = [name for name in names if name not in own]
        for name in beside:
            yield Clue(query, f"{name} fired", 2)
        if not beside:
            yield Clue(query, "nothing fired", -1)

    return probe


def _market(desk: Desk, item: Incident) -> Iterator[Clue]:
    """Ask how far the outside index moved, as itself says."""
    span = desk.now - item.opened + 2 * HOUR
    for commodity in desk.register.commodities():
        series = f'fictra_index_usd{{commodity="{commodity}"}}'
        top = desk.metrics.query(f"max_over_time({series}[{span}s])")
        low = desk.metrics.query(f"min_over_time({series}[{span}s])")
        if not top or not low:
            continue
        moved = _gap(round(top[0][1] * 100), round(low[0][1] * 100))
        yield Clue(f"range of {series}", f"{moved} ppm", 4 if moved > 100_000 else -1)
    yield from _fired("market")(desk, item)


def _blind(desk: Desk, item: Incident) -> Iterator[Clue]:
    """Ask whether the watch itself is what is broken."""
    for commodity in desk.register.commodities():
        try:
            age = desk.now - desk.feeds.index(commodity).at
            yield Clue(f"index of {commodity}", f"{age} s old", 4 if age > 2 * HOUR else -1)
        except NoData as error:
            yield Clue(f"index of {commodity}", str(error), 5)
    yield from _fired("monitoring")(desk, item)


HYPOTHESES: tuple[Hypothesis, ...] = (
    Hypothesis("vendor-wrong", "a data vendor quotes a wrong price", ("oracle", "sources"),
               _vendor_wrong),
    Hypothesis("vendor-silent", "data vendors died and many nodes rest on few", ("oracle", "sources"),
               _vendor_silent, latent=True),
    Hypothesis("node-lies", "an oracle node reports what its source does not say",
               ("oracle", "operators"), _node_lies),
    Hypothesis("configuration-drift", "a contract is not set to what was approved",
               ("oracle", "fees", "allocation", "reserve"), _drift, latent=True),
    Hypothesis("power-misused", "somebody used keys that nobody approved of",
               ("security", "governance", "tokens", "contracts"), _power),
    Hypothesis("recent-change", "a change of the last day did more than was meant",
               ("contracts", "gas", "fees"), _changes),
    Hypothesis("congestion", "blocks are full or late", ("chain",), _fired("chain", "gas")),
    Hypothesis("infrastructure", "nodes, endpoints or the indexer fail", ("nodes", "endpoints"),
               _fired("nodes", "endpoints", "indexer", "users")),
    Hypothesis("venue", "an outside venue fails or is manipulated", ("venue", "market"),
               _fired("venue", "integration")),
    Hypothesis("market-shock", "the market outside moved", ("market", "pool", "stability"), _market),
    Hypothesis("run", "holders leave all at once", ("stability", "reserve"),
               _fired("stability", "reserve")),
    Hypothesis("governance", "a proposal or a vote is what is wrong", ("governance",),
               _fired("governance")),
    Hypothesis("watch-broken", "what watches is broken, nothing else", ("monitoring",), _blind,
               latent=True),
)  # fmt: skip
"""The causes that are always asked about."""


def board(desk: Desk, incident: str) -> dict[str, Any]:
    """Return the board of *incident*: for each hypothesis its clues, points, and what could not be read."""
    item = desk.incidents.get(incident)
    rows: dict[str, Any] = {}
    for one in HYPOTHESES:
        clues: list[Clue] = []
        unread = ""
        try:
            clues += one.probe(desk, item)
        except (NoData, Reverted, UnknownName) as error:
            unread = str(error)
        prior = 2 if item.family in one.families else 1
        positive = sorted((clue.points for clue in clues if clue.points > 0), reverse=True)
        against = [clue.points for clue in clues if clue.points < 0]
        # Ten alerts of one kind are one fact seen ten times: the third clue on counts one point.
        points = prior + sum(positive[:2]) + min(2, len(positive[2:]))
        points += min(against, default=0) if not positive else 0
        rows[one.name] = {
            "text": one.text, "points": max(0, points), "prior": prior, "unread": unread,
            "latent": one.latent,
            "clues": [{"query": clue.query, "answer": clue.answer, "points": clue.points}
                      for clue in clues],
        }  # fmt: skip
    return {"incident": incident, "at": desk.now, "family": item.family, "ended": item.closed is not None,
            "opened": item.opened, "rows": rows}  # fmt: skip


def merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return the better documented row of each hypothesis: what was repaired since was there all the same."""
    return {
        name: row if row["points"] >= second["rows"][name]["points"] else second["rows"][name]
        for name, row in first["rows"].items()
    }


STRONG = 5
"""Points of a clue that says why now."""


def _weighed(rows: Mapping[str, Any]) -> dict[str, int]:
    """Return the points of each hypothesis as they count: what lay there before does not say why now.

    Where something that is not latent has a strong clue, latent conditions count half.
    """
    acute = any(
        clue["points"] >= STRONG
        for row in rows.values()
        if not row["latent"]
        for clue in row["clues"]
    )
    return {
        name: row["points"] // 2 if acute and row["latent"] else row["points"]
        for name, row in rows.items()
    }


def ranked(rows: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """Return the *count* best hypotheses with a clue for them, with their weights in ppm of all points."""
    points = _weighed(rows)
    total = max(1, sum(points.values()))
    known = [
        {"cause": name, "text": row["text"], "points": points[name], "latent": row["latent"],
         "weight_ppm": points[name] * PPM // total,
         "because": [clue["answer"] for clue in row["clues"] if clue["points"] > 0][:5]}
        for name, row in rows.items()
        if any(clue["points"] > 0 for clue in row["clues"])
    ]  # fmt: skip
    return sorted(known, key=lambda row: (-row["points"], row["cause"]))[:count]
