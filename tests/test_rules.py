from __future__ import annotations

from pathlib import Path

import pytest

from twin.errors import FileProblems, UnknownName, UsageError
from twin.monitoring.rulefile import parse_duration
from twin.monitoring.rules import RuleSet, default_rules, load_rules

GOOD = """\
groups:
  - name: one
    interval: 2m
    rules:
      - record: job:price
        expr: fictra_pool_price_ratio * 2
      - alert: High
        expr: job:price > 3
        for: 1h30m
        keep_firing_for: 90s
        labels: {severity: P2, owner: us, domain: pool}
        annotations:
          summary: "at {{ $value }}"
          detects: a test
          procedure: ME2
          runbook: procedures/monitoring/economic#ME2
"""


def load(tmp_path: Path, text: str, **known: list[str]) -> RuleSet:
    path = tmp_path / "rules.yml"
    path.write_text(text, "utf-8")
    return load_rules([path], procedures=known.get("procedures"))


def problems(tmp_path: Path, text: str, **known: list[str]) -> list[str]:
    with pytest.raises(FileProblems) as caught:
        load(tmp_path, text, **known)
    return [str(one).removeprefix(f"{tmp_path}/") for one in caught.value.problems]


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    rules = load(tmp_path, GOOD, procedures=["ME2"])
    (group,) = rules.groups
    record, alert = group.rules
    assert (group.name, group.interval) == ("one", 120)
    assert (record.kind, record.name, record.expr) == (
        "record", "job:price", "fictra_pool_price_ratio * 2",
    )  # fmt: skip
    assert (alert.hold, alert.keep_firing, alert.severity) == (5400, 90, "P2")
    assert alert.places["labels.owner"] == (11, 39)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("0m", 0), ("5m", 300), ("1h30m", 5400), ("1w2d", 777600), ("1y", 31536000),
     ("", None), ("5", None), ("m5", None), ("30m1h", None), ("1.5h", None), ("100ms", None)],
)  # fmt: skip
def test_durations(text: str, seconds: int | None) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("severity: P2", "severity: P6",
         "rules.yml:11:28: High: severity 'P6' (P1 (worst) to P5)"),
        ("severity: P2, ", "",
         "rules.yml:11:17: High: no labels.severity (an alert has severity, owner, domain)"),
        ("          detects: a test\n", "",
         ("rules.yml:13:11: High: no annotations.detects "
         "(an alert has summary, runbook, detects, procedure)")),
        ("fictra_pool_price_ratio", "fictra_pool_prize_ratio",
         ("rules.yml:6:15: job:price: no metric is called 'fictra_pool_prize_ratio' "
         "(did you mean 'fictra_pool_price_ratio'?)")),
        ("fictra_pool_price_ratio", 'fictra_fee_ratio{kid="swap"}',
         ("rules.yml:6:15: job:price: metric fictra_fee_ratio has no label 'kid' "
         "(its labels: kind)")),
        ("job:price > 3", "rate(job:price)",
         ("rules.yml:8:15: High: PromQL: expected type matrix in call to function 'rate', "
         "got vector: 'rate(job:price)'")),
        ("job:price > 3", "hour() > 3", None),
        ("job:price > 3", "time() + 1",
         "rules.yml:8:15: High: a scalar always fires (compare a metric with it)"),
        ("job:price > 3", '\'{x="1"} > 3\'',
         "rules.yml:8:15: High: a selector without a metric's name (name one metric)"),
        ("for: 1h30m", "for: soon",
         "rules.yml:9:14: for: 'soon' is no duration of whole seconds (as in 1h30m)"),
        ("keep_firing_for", "keep_fireing_for",
         ("rules.yml:10:9: a rule has no field 'keep_fireing_for' "
         "(did you mean 'keep_firing_for'?)")),
        ("$value", "$price",
         ('rules.yml:13:20: High: template action {{ $price }}: supported are $labels.NAME, '
         '$value, $value | humanize, printf "%.2f" $value')),
        ("procedure: ME2", "procedure: ME9",
         "rules.yml:15:22: High: 'ME9' is no procedure (as in NR1)"),
        ("procedure: ME2", "procedure: ME3",
         "rules.yml:15:22: High: no procedure is called 'ME3' (did you mean 'ME2'?)"),
        ("economic#ME2", "economic#MP1",
         "rules.yml:16:20: High: the runbook leads to MP1, the procedure is ME2"),
        ("procedures/monitoring/economic#ME2", "https://wiki/ME2",
         ("rules.yml:16:20: High: 'https://wiki/ME2' is no runbook "
         "(as in procedures/incident/response#NR1)")),
        ("job:price\n", "job-price\n", "rules.yml:5:17: record: 'job-price' is no metric name"),
        ("      - alert: High\n", "      - alert: High\n        record: x\n",
         "rules.yml:7:9: a rule has exactly one of `alert` and `record`"),
        ("owner: us", "owner: us, owner: them", "rules.yml:11:43: 'owner' stands twice in labels"),
        ("        expr: job:price > 3\n", "", "rules.yml:7:9: rule 'High' without `expr`"),
        ("interval: 2m", "interval: [2m]", "rules.yml:3:15: interval is text"),
        ("  - name: one", "  - nam: one", None),
    ],
)  # fmt: skip
def test_mistakes_are_placed(tmp_path: Path, old: str, new: str, expected: str | None) -> None:
    assert old in GOOD
    found = problems(tmp_path, GOOD.replace(old, new), procedures=["ME2"])
    if expected is not None:
        assert expected in found


def test_all_mistakes_come_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("P2", "P7").replace("ME2", "M").replace("fictra_pool", "fictra_pol")
    lines = [one.split(":")[1] for one in problems(tmp_path, text)]
    assert lines == ["6", "11", "15", "16"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "rules.yml:1:1: an empty file (write `groups:`)"),
        ("groups: [", "no YAML"),
        ("groups: {}\n", "rules.yml:1:9: groups is a list with at least one item"),
        ("rules: []\n", "rules.yml:1:1: a rule file has no field 'rules'"),
        ("- 1\n", "rules.yml:1:1: a rule file is a mapping of names to values"),
        (GOOD + GOOD.removeprefix("groups:\n"), "two groups are called 'one'"),
        (GOOD + GOOD.removeprefix("groups:\n"), "High: two rules are called 'High'"),
        ("a: 1\n...\n---\nb: 2\n", "no YAML"),
    ],
)
def test_files_that_are_no_rule_files(tmp_path: Path, text: str, message: str) -> None:
    assert any(message in one for one in problems(tmp_path, text))


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(FileProblems, match="cannot be read"):
        load_rules([tmp_path / "none.yml"])
    (tmp_path / "latin.yml").write_bytes(b"groups: \xff\xfe")
    with pytest.raises(FileProblems, match="cannot be read"):
        load_rules([tmp_path / "latin.yml"])
    with pytest.raises(UsageError, match="holds no rule file"):
        default_rules(tmp_path / "nowhere")


def test_rules_are_chosen_by_name(tmp_path: Path) -> None:
    rules = load(tmp_path, GOOD)
    assert rules.only(["High"]).names == ["job:price", "High"]
    assert rules.without(["High"]).names == ["job:price"]
    assert rules.without(["High", "job:price"]).groups == ()
    for call in (rules.only, rules.without):
        with pytest.raises(UnknownName, match="did you mean 'High'"):
            call(["Higher"])


def test_the_shipped_rules_load_and_every_severity_has_an_owner() -> None:
    rules = default_rules()
    alerts = [rule for rule in rules.rules if rule.kind == "alert"]
    assert len(alerts) >= 18
    assert {"OracleIndexDivergence", "ChainHalted", "ExportVerificationFailed"} <= set(rules.names)
    assert rules["OracleIndexDivergence"].hold == 0
    assert {rule.severity for rule in alerts} == {"P1", "P2", "P3", "P4"}
