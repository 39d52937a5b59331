from __future__ import annotations

import pytest
from scenario_lab import HEAD, VOCABULARY, problems

from twin.scenario import loads

TEAM = """\
team:
  people: [{name: amara, roles: [lead], ack_median: 3m, ack_p95: 9m}]
"""
"""Lines 8 and 9."""

MARKET = """\
market:
  commodities: {WTI: {model: schwartz-smith, initial: 50}}
  sources: {alpha: {commodity: WTI}}
"""
"""Lines 8 to 10."""

FIELDS = [
    ("chian: {}", "8:1: the scenario has no field 'chian' (did you mean 'chain'?)"),
    (
        "path: x",
        (
            "8:1: the scenario has no field 'path' (known: agents, chain, claims_not_made, "
            "controls, description, duration, expect, invariants, loss, market, monitoring, name, ... "
            "25 in all)"
        ),
    ),
    ("schema_version: 2", "8:17: schema_version: 2 is not one of its values (known: 1)"),
    ("chain: {gas_limt: 3}", "8:9: chain has no field 'gas_limt' (did you mean 'gas_limit'?)"),
    ("chain: {gas_limit: 3}", "8:20: chain.gas_limit: 3 is not at least 5000"),
    ("chain: {gas_limit: yes}", "8:20: chain.gas_limit: true is not a whole number"),
    (
        'chain: {gas_limit: "30000000"}',
        "8:20: chain.gas_limit: '30000000' is not a whole number: take the quotes off",
    ),
    ("chain: {gas_limit: 9000.5}", "8:20: chain.gas_limit: 9000.5 is not a whole number"),
    ("chain: []", "8:8: chain: a list is not a mapping of fields"),
    (
        "chain: {base_fee: 10}",
        (
            "8:19: chain.base_fee: 10 is no gas price: "
            "write an amount with its unit such as 20 gwei, 1.5 gwei or 100 wei"
        ),
    ),
    ("chain: {background: [{gas: 1, tip: 1 wei}]}", "8:22: chain.background[0] needs 'max_fee'"),
    (
        "chain: {background: [{gas: 1, max_fee: 1 wei, tip: 2 wei}]}",
        "8:52: chain.background[0].tip is above max_fee, which covers the tip too (EIP-1559)",
    ),
    (
        "chain: {background: [{gas: 1, max_fee: 1 wei, tip: 1 wei, since: 2h, until: 1h}]}",
        "8:77: chain.background[0].until is not after since: demand ends later than it begins",
    ),
    (
        "protocol: {fees: {swp: {fee: 1%}}}",
        "8:19: protocol.fees has no field 'swp' (did you mean 'swap'?)",
    ),
    (
        "protocol: {fees: {swap: {fee: 2%, min: 0%, max: 1%}}}",
        "8:31: protocol.fees.swap.fee is outside min..max: write min <= fee <= max",
    ),
    (
        MARKET + "protocol: {feeds: {WTI: {min_answer: 5, max_answer: 5}}}",
        ("11:53: protocol.feeds.WTI.max_answer is not above min_answer: the feed would refuse all"),
    ),
    (
        MARKET + "protocol: {feeds: {WTX: {min_answer: 1, max_answer: 5}}}",
        "11:20: protocol.feeds: there is no commodity 'WTX' (did you mean 'WTI'?)",
    ),
    (
        "market: {commodities: {WTI: {initial: 3}}}",
        "8:24: market.commodities.WTI needs 'model' (known: replay, schwartz-smith)",
    ),
    (
        "market: {commodities: {WTI: {model: reply}}}",
        "8:37: market.commodities.WTI.model: 'reply' is no model (did you mean 'replay'?)",
    ),
    (
        "market: {commodities: {WTI: {model: replay, file: no.csv, volatility: 2%}}}",
        (
            "8:51: market.commodities.WTI.file: 'no.csv' is no file beside the scenario or among the "
            "bundled ones: name a CSV that is"
        ),
    ),
    (
        "market: {commodities: {WTI: {model: replay, file: /etc/hosts, volatility: 2%}}}",
        (
            "8:51: market.commodities.WTI.file: '/etc/hosts' is no file beside the scenario or among "
            "the bundled ones: name a CSV that is"
        ),
    ),
    (
        "market: {commodities: {WTI: {model: schwartz-smith, initial: 5, season: [1]}}}",
        ("8:73: market.commodities.WTI.season has an odd length: write pairs of cosine and sine"),
    ),
    (
        "market: {commodities: {WTI: {model: schwartz-smith, initial: 5, rho: yes}}}",
        "8:70: market.commodities.WTI.rho: true is not a number",
    ),
    (
        "market: {sources: {a: {commodity: WTI}}}",
        "8:35: market.sources.a.commodity: there is no commodity 'WTI' (there are none)",
    ),
    (
        "market: {venues: {a b: {}}}",
        (
            "8:19: market.venues.a b: 'a b' is no name: "
            "write letters, digits, and single - _ . between them, such as desk-lead or WTI"
        ),
    ),
    (
        "invariants: [pt-suply]",
        "8:14: invariants[0]: there is no invariant 'pt-suply' (did you mean 'pt-supply'?)",
    ),
    (
        "invariants: [pt-supply, pt-supply]",
        "8:25: invariants[1]: the invariant 'pt-supply' is here twice, first in line 8",
    ),
    ("seeds: [1, 1]", "8:12: seeds[1]: the seed 1 is here twice, first in line 8"),
    (
        "loss: {measure: x, unit: USD}",
        ("8:17: loss.measure: there is no measure of loss 'x' (known: ft-over-entitlement)"),
    ),
    (
        "monitoring: {rules: defualt}",
        ("8:21: monitoring.rules: 'defualt' is not one of its values (did you mean 'default'?)"),
    ),
    (
        "monitoring: {rules: [PoolDepthLo]}",
        (
            "8:22: monitoring.rules[0]: there is no rule "
            "'PoolDepthLo' (did you mean 'PoolDepthLow'?)"
        ),
    ),
    (
        "procedures: {NR2: {}}",
        "8:14: procedures: there is no procedure 'NR2' (did you mean 'NR1'?)",
    ),
    (
        "procedures: {NR1: {tolerance: 5}}",
        (
            "8:31: procedures.NR1.tolerance: 5 is no ratio: "
            "write a ratio with its unit such as 0.3%, 30bp or 3000pips"
        ),
    ),
    (
        "procedures: {NR1: {authority: pauser}}",
        "8:31: procedures.NR1.authority: there is no authority 'pauser' (there are none)",
    ),
]

TEAMS = [
    ("team: {policy: playbook}", "8:16: team.policy playbook needs people: add one, or write none"),
    (
        "team: {people: [{name: amara, roles: [NO], ack_median: 1m, ack_p95: 2m}]}",
        (
            "8:39: team.people[0].roles[0]: false is not text: YAML reads yes, no, on and off so; "
            "put text in quotes"
        ),
    ),
    (
        "team: {people: [{name: 7, roles: [lead], ack_median: 1m, ack_p95: 2m}]}",
        "8:24: team.people[0].name: 7 is not text: put text in quotes",
    ),
    (
        "team: {people: [{name: amara, roles: [], ack_median: 1m, ack_p95: 2m}]}",
        "8:38: team.people[0].roles: it needs at least 1",
    ),
    (
        "team: {people: [{name: amara, roles: [lead], ack_median: 5m, ack_p95: 2m}]}",
        "8:71: team.people[0].ack_p95 is shorter than ack_median: 95 % of answers come by then",
    ),
    (
        TEAM.replace("}]", ", shift: {timezone: Mars}}]"),
        (
            "9:88: team.people[0].shift.timezone: 'Mars' is no time zone: "
            "write a name of the IANA database such as Europe/Zurich, Asia/Singapore or UTC"
        ),
    ),
    (
        TEAM.replace("}]", ", shift: {timezone: America}}]"),
        (
            "9:88: team.people[0].shift.timezone: 'America' is no time zone: "
            "write a name of the IANA database such as Europe/Zurich, Asia/Singapore or UTC"
        ),
    ),
    (
        TEAM.replace("}]", ", shift: {days: [monday]}}]"),
        (
            "9:85: team.people[0].shift.days[0]: "
            "'monday' is not one of its values (did you mean 'mon'?)"
        ),
    ),
    (
        TEAM.replace("}]", ', shift: {end: "6:00"}}]'),
        (
            "9:83: team.people[0].shift.end: '6:00' is "
            'no time of day: write HH:MM in quotes, "06:00"'
        ),
    ),
    (
        TEAM.replace("}]", ', shift: {end: "00:00"}}]'),
        ('9:83: team.people[0].shift.end equals start: write "00:00" to "24:00" for the whole day'),
    ),
    (
        TEAM + "  authorities: {gov: {signers: [amra], threshold: 1}}",
        (
            "10:33: "
            "team.authorities.gov.signers[0]: there is no person 'amra' (did you mean 'amara'?)"
        ),
    ),
    (
        TEAM + "  authorities: {gov: {signers: [amara, amara], threshold: 1}}",
        (
            "10:40: "
            "team.authorities.gov.signers[1]: the signer 'amara' is here twice, first in line 10"
        ),
    ),
    (
        TEAM + "  authorities: {gov: {signers: [amara], threshold: 2}}",
        (
            "10:52: "
            "team.authorities.gov.threshold 2 is more than the 1 signers: it could never be met"
        ),
    ),
]

NODE = MARKET + "agents: [{family: oracle-node, name: n, params: {sources: [alpha]}}]\n"
"""Lines 8 to 11."""


@pytest.mark.parametrize(("text", "problem"), FIELDS + TEAMS)
def test_a_mistake_is_told_at_its_place(text: str, problem: str) -> None:
    assert problems(f"{HEAD}{text}\n") == [problem]


@pytest.mark.parametrize(
    ("line", "instead", "problem"),
    [
        (
            "name: s",
            "name: S",
            (
                "1:7: name: 'S' is no name: write small letters, digits and "
                "single hyphens, such as oracle-bounds"
            ),
        ),
        ("name: s", "name: other", "1:7: name: 'other' is not the file's name: write s"),
        ("title: t", "title: ''", "2:8: title: the text is empty"),
        ("title: t\n", "", "1:1: the scenario needs 'title'"),
        ("duration: 1d", "duration: 0s", "5:11: duration: 0 is not at least 1"),
        ("seed: 1", "seed: -1", "6:7: seed: -1 is not at least 0"),
        ("seed: 1", "seed:", "6:6: seed: nothing is not a whole number"),
        ("[x]", "[]", "7:18: claims_not_made: it needs at least 1"),
        (
            "start: 2009-01-05T00:00:00Z",
            "start: 2009-01-05",
            (
                "4:8: start: '2009-01-05' is not in "
                "UTC: write a UTC time such as 2020-04-20T18:30:00Z"
            ),
        ),
    ],
)
def test_a_mistake_in_the_head_is_told(line: str, instead: str, problem: str) -> None:
    assert problems(HEAD.replace(line, instead)) == [problem]


def test_five_planted_mistakes_are_five_problems() -> None:
    planted = f"""{HEAD.replace("duration: 1d", "duration: 1 day")}\
{NODE}
team:
  people:
    - {{name: amara, roles: [lead], ack_median: 3m, ack_p95: 9m, shfit: {{}}}}
  authorities:
    gov: {{signers: [amira], threshold: 1}}
expect:
  - {{alert: PoolDepth}}
thresholds:
  - {{name: depth, expr: "min(fictra_pool_price) > bool 1", min: 1}}
"""
    assert problems(planted) == [
        (
            "5:11: duration: '1 day' is no length of time: write a length such as 90s, 5m, 1h30m, 2d, "
            "or whole seconds"
        ),
        "15:65: team.people[0] has no field 'shfit' (did you mean 'shift'?)",
        (
            "17:21: team.authorities.gov.signers[0]: there is no person 'amira' (did you mean "
            "'amara'?)"
        ),
        "19:13: expect[0].alert: there is no rule 'PoolDepth' (did you mean 'PoolDepthLow'?)",
        (
            "21:25: thresholds[0].expr: there is no metric 'fictra_pool_price' (did you mean "
            "'fictra_pool_price_ratio'?)"
        ),
    ]


def test_a_broken_value_is_one_problem_wherever_it_is_used() -> None:
    text = f"{HEAD}{NODE}chain: {{gas_limit: 010, base_fee: *x}}\nteam: !t {{nobody: 1}}\n"
    assert [problem.partition(" ")[0] for problem in problems(text)] == [
        "12:20:",
        "12:35:",
        "13:7:",
    ]


def test_a_long_scenario_is_loaded_once_through() -> None:
    people = "".join(
        f"    - {{name: p{i}, roles: [lead], ack_median: 3m, ack_p95: 9m}}\n" for i in range(200)
    )
    made = loads(f"{HEAD}team:\n  people:\n{people}", "s.twin.yaml", VOCABULARY)
    assert len(made.team.people) == 200
