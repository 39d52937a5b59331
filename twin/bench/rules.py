"""The part `rules`: a week of samples under five rules, against real promtool on the same input.

The rules are of the kinds that are shipped: a join of many series with one, an age, a rate, and
windows whose mean and peak are held against a threshold. Ours are evaluated as a run does it, a
step after each scrape, and promtool must agree on every sample of every alert.
"""

from __future__ import annotations

import math
import resource
import subprocess
import tempfile
import time
from pathlib import Path

from twin.bench.records import Effort, Figure, Part, Say, Target
from twin.errors import CrashError, UsageError
from twin.monitoring.alerts import AlertingRule
from twin.monitoring.promtool import find_promtool, write_judgement
from twin.monitoring.rules import Group, Rule, RuleSet
from twin.monitoring.series import SeriesStore

__all__ = ["rules"]

STEP = 15
NODES = 7
START = 1_223_251_200

EXPRESSIONS = (
    ("Deviates", "abs(fictra_oracle_report_usd / on(feed) group_left() fictra_oracle_answer_usd - 1) > 0.03", 300),
    ("Stale", "time() - fictra_oracle_updated_timestamp_seconds > 1.5 * fictra_oracle_heartbeat_seconds", 0),
    ("OffPeg", "abs(avg_over_time(fictra_pool_price_ratio[15m]) - 1) > 0.0029", 600),
    ("Busy", "rate(fictra_pool_volume_stable_total[1h]) > 46", 1800),
    ("Dear", "max_over_time(fictra_chain_base_fee_wei[30m]) > 19e9", 600),
)  # fmt: skip
"""Name, expression and `for` in seconds of each rule."""

READS = (NODES + 1) + 2 + 1 + 1 + 1
"""Series that one evaluation of all five reads."""


def rules(effort: Effort, say: Say) -> Part:
    """Evaluate five rules over 13 series and let promtool do the same."""
    own: list[float] = []
    each: list[float] = []
    peer: list[float] = []
    notes = [f"13 series x {effort.rules:,} samples at {STEP} s, five rules, processor time"]
    for number in range(effort.rounds):
        say(f"rules, round {number + 1} of {effort.rounds}")
        _, _, scraped = _evaluated(effort.rules, judging=False)
        store, made, spent = _evaluated(effort.rules)
        own.append(spent)
        each.append(1e6 * max(0.0, spent - scraped) / (effort.rules * READS))
        try:
            peer.append(_promtool(store, made))
        except UsageError as missing:
            notes.append(str(missing))
            break
    figures = [
        Figure.of("twin: scrapes and rules", "s", own),
        Figure.of("twin: rules alone, each series and step", "us", each),
    ]
    targets = [
        Target(figures[0].name, figures[0].value, "at most", 7, "s"),
        Target(figures[1].name, figures[1].value, "at most", 2, "us"),
    ]
    if peer:
        figures.append(Figure.of("promtool test rules", "s", peer))
        ratio = Figure.of(
            "promtool over twin", "x", [a / b for a, b in zip(peer, own, strict=True)]
        )
        figures.append(ratio)
        notes.append("promtool gave every sample of every alert that the twin gave")
    absent = () if peer else ("promtool",)
    return Part("rules", "alert rules over a week of samples", tuple(figures), tuple(targets),
                notes=tuple(notes), missing=absent)  # fmt: skip


def _evaluated(steps: int, *, judging: bool = True) -> tuple[SeriesStore, RuleSet, float]:
    """Return the store after *steps*, its rules, and the processor time that it took.

    Without *judging* no rule is evaluated: the clock itself is too dear to be read at every step.
    """
    store = SeriesStore()
    made = RuleSet((Group("bench", 0, tuple(
        Rule("alert", name, expr, hold=hold, labels={"severity": "P3"})
        for name, expr, hold in EXPRESSIONS
    )),))  # fmt: skip
    judged = [AlertingRule(rule, store, lambda *_: None) for rule in made.rules if judging]
    reports = [
        store.series("fictra_oracle_report_usd", {"feed": "WTI", "node": f"0x{n:040x}"})
        for n in range(NODES)
    ]
    feed = {"feed": "WTI"}
    answer = store.series("fictra_oracle_answer_usd", feed)
    updated = store.series("fictra_oracle_updated_timestamp_seconds", feed)
    heartbeat = store.series("fictra_oracle_heartbeat_seconds", feed)
    price = store.series("fictra_pool_price_ratio")
    volume = store.series("fictra_pool_volume_stable_total")
    fee = store.series("fictra_chain_base_fee_wei")
    traded = 0.0
    began = time.process_time()
    for step in range(steps):
        now = START + step * STEP
        wave = math.sin(step / 700)
        for place, series in enumerate(reports):
            series.append(now, 80 + wave + (3 if place == 3 and step % 4000 > 3800 else place / 50))
        answer.append(now, 80 + wave)
        updated.append(now, now - now % 3600 if step % 9000 < 8000 else now - 7200)
        heartbeat.append(now, 3600)
        price.append(now, 1 + 0.003 * wave)
        traded += 600 + 150 * wave
        volume.append(now, traded)
        fee.append(now, 1e10 * (1 + math.sin(step / 900) ** 2))
        for rule in judged:
            rule.evaluate(now)
    return store, made, time.process_time() - began


def _promtool(store: SeriesStore, made: RuleSet) -> float:
    """Return the processor time that promtool takes to confirm what *store* holds."""
    tool = find_promtool()
    with tempfile.TemporaryDirectory(prefix="twin-bench-") as place:
        tests, _ = write_judgement(store, made, Path(place), start=START, interval=STEP)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(  # noqa: S603 - our own files
            [tool, "test", "rules", str(tests)], capture_output=True, text=True, check=False
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise CrashError(f"promtool does not agree: {(done.stdout + done.stderr)[-500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
