from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from twin.scenario import values
from twin.scenario.values import parse_seconds, show_instant, show_seconds, show_units

GOOD: list[tuple[Any, object, object]] = [
    (values.Seconds, "90s", 90),
    (values.Seconds, "5m", 300),
    (values.Seconds, "1h30m", 5_400),
    (values.Seconds, "2d", 172_800),
    (values.Seconds, "1d2h3m4s", 93_784),
    (values.Seconds, 7, 7),
    (values.Seconds, "0", 0),
    (values.Instant, "2020-04-20T18:30:00Z", 1_587_407_400),
    (values.Instant, "2020-04-20 18:30:00+00:00", 1_587_407_400),
    (values.Instant, "1970-01-01T00:00:00Z", 0),
    (values.Pips, "0.3%", 3_000),
    (values.Pips, "30bp", 3_000),
    (values.Pips, "3000pips", 3_000),
    (values.Pips, "0.5 bp", 50),
    (values.Pips, "0%", 0),
    (values.Gwei, "20 gwei", 20 * 10**9),
    (values.Gwei, "1.5gwei", 1_500_000_000),
    (values.Gwei, "100 wei", 100),
    (values.Price8, "78.25", 7_825_000_000),
    (values.Price8, Decimal("0.1"), 10_000_000),
    (values.Price8, 0.1, 10_000_000),
    (values.Price8, "-37.63", -3_763_000_000),
    (values.Price6, 1, 1_000_000),
    (values.Price6, "1.0025", 1_002_500),
    (values.Tokens6, "5_000_000", 5_000_000_000_000),
    (values.Tokens6, "0.000001", 1),
    (values.Tokens18, "0.000000000000000001", 1),
    (values.Tokens18, Decimal("1.50"), 1_500_000_000_000_000_000),
    (values.Quantity3, "600_000.5", 600_000_500),
    (values.Share, "50%", 0.5),
    (values.Share, Decimal("0.25"), 0.25),
    (values.Share, 1, 1.0),
]


@pytest.mark.parametrize(("kind", "given_", "made"), GOOD)
def test_a_value_is_read(kind: Any, given_: object, made: object) -> None:
    got = TypeAdapter(kind).validate_python(given_)
    assert got == made
    assert type(got) is (float if kind is values.Share else int)


LENGTH = "write a length such as 90s, 5m, 1h30m, 2d, or whole seconds"
UTC = "write a UTC time such as 2020-04-20T18:30:00Z"
RATIO = "write a ratio with its unit such as 0.3%, 30bp or 3000pips"
GAS = "write an amount with its unit such as 20 gwei, 1.5 gwei or 100 wei"
TOKENS = "write whole tokens such as 5_000_000 or 12.5"
SHARE = "write a share such as 50% or 0.5, from 0 to 1"
LABEL = "write letters, digits, and single - _ . between them, such as desk-lead or WTI"

BAD: list[tuple[Any, object, str]] = [
    (values.Seconds, "90x", f"'90x' is no length of time: {LENGTH}"),
    (values.Seconds, "", f"'' is no length of time: {LENGTH}"),
    (values.Seconds, "30m1h", f"'30m1h' is no length of time: {LENGTH}"),
    (values.Seconds, "1.5h", f"'1.5h' is no length of time: {LENGTH}"),
    (values.Seconds, Decimal("1.5"), f"1.5 is no length of time: {LENGTH}"),
    (values.Seconds, -1, f"-1 is no length of time: {LENGTH}"),
    (values.Seconds, True, f"true is no length of time: {LENGTH}"),
    (values.Seconds, "40000d", f"'40000d' is longer than a century: {LENGTH}"),
    (values.Seconds, "٣s", f"'٣s' is no length of time: {LENGTH}"),
    (values.Instant, "2020-04-20", f"'2020-04-20' is not in UTC: {UTC}"),
    (values.Instant, "2020-04-20T18:30:00", f"'2020-04-20T18:30:00' is not in UTC: {UTC}"),
    (
        values.Instant,
        "2020-04-20T18:30:00+02:00",
        f"'2020-04-20T18:30:00+02:00' is not in UTC: {UTC}",
    ),
    (values.Instant, "soon", f"'soon' is no instant: {UTC}"),
    (values.Instant, 1_587_407_400, f"1587407400 is no instant: {UTC}"),
    (
        values.Instant,
        "1969-12-31T23:59:59Z",
        f"'1969-12-31T23:59:59Z' is no whole second between 1970 and 2200: {UTC}",
    ),
    (
        values.Instant,
        "2020-04-20T18:30:00.5Z",
        f"'2020-04-20T18:30:00.5Z' is no whole second between 1970 and 2200: {UTC}",
    ),
    (values.Pips, "0.3", f"'0.3' is no ratio: {RATIO}"),
    (values.Pips, 3_000, f"3000 is no ratio: {RATIO}"),
    (values.Pips, "-1%", f"'-1%' is below 0: {RATIO}"),
    (values.Pips, "0.00001%", f"'0.00001%' is no whole number of pips: {RATIO}"),
    (values.Gwei, 20, f"20 is no gas price: {GAS}"),
    (values.Gwei, "20 ether", f"'20 ether' is no gas price: {GAS}"),
    (values.Gwei, "0.5 wei", f"'0.5 wei' is no whole number of wei: {GAS}"),
    (values.Price8, "1e5", "'1e5' is no price: write a decimal such as 78.25"),
    (values.Price8, "1,5", "'1,5' is no price: write a decimal such as 78.25"),
    (values.Price8, [1], "a list is no price: write a decimal such as 78.25"),
    (
        values.Price8,
        "0.123456789",
        "'0.123456789' has more than 8 decimals, the smallest unit: write a decimal such as 78.25",
    ),
    (values.Price8, Decimal("1E+999"), "1E+999 is no price: write a decimal such as 78.25"),
    (values.Price8, float("nan"), "nan is no price: write a decimal such as 78.25"),
    (values.Price6, "-1", "'-1' is below 0: write a decimal such as 1.0025"),
    (values.Tokens6, "-5", f"'-5' is below 0: {TOKENS}"),
    (values.Tokens6, "5__0", f"'5__0' is no amount: {TOKENS}"),
    (
        values.Tokens6,
        "0.0000001",
        f"'0.0000001' has more than 6 decimals, the smallest unit: {TOKENS}",
    ),
    (values.Tokens18, None, f"nothing is no amount: {TOKENS}"),
    (
        values.Quantity3,
        "0.0001",
        (
            "'0.0001' has more than 3 decimals, the smallest unit: "
            "write units of the commodity such as 600_000 or 0.5"
        ),
    ),
    (values.Share, "150%", f"'150%' is not between 0 and 1: {SHARE}"),
    (values.Share, "-0.1", f"'-0.1' is not between 0 and 1: {SHARE}"),
    (values.Share, "half", f"'half' is no share: {SHARE}"),
    (values.Share, {"a": 1}, f"a mapping is no share: {SHARE}"),
    (values.Label, "a b", f"'a b' is no name: {LABEL}"),
    (values.Label, "a--b", f"'a--b' is no name: {LABEL}"),
    (values.Label, "x" * 99 + "!", f"'{'x' * 56}... is no name: {LABEL}"),
    (
        values.Kebab,
        "Oracle_1",
        (
            "'Oracle_1' is no name: "
            "write small letters, digits and single hyphens, such as oracle-bounds"
        ),
    ),
]


@pytest.mark.parametrize(("kind", "given_", "message"), BAD)
def test_a_bad_value_says_the_rule_and_an_example(kind: Any, given_: object, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(given_)
    (error,) = caught.value.errors()
    assert error["msg"] == f"Value error, {message}"


@given(st.integers(0, values.parse_seconds("36525d")))
def test_a_length_of_time_reads_back(length: int) -> None:
    assert parse_seconds(show_seconds(length)) == length


@given(st.integers(0, 7_258_118_399))
def test_an_instant_reads_back(instant: int) -> None:
    assert TypeAdapter(values.Instant).validate_python(show_instant(instant)) == instant


@given(st.integers(-(10**40), 10**40))
def test_a_price_reads_back_exactly(price: int) -> None:
    text = show_units(price, 8).replace(",", "_")
    assert TypeAdapter(values.Price8).validate_python(text) == price


@pytest.mark.parametrize(
    ("amount", "decimals", "unit", "text"),
    [
        (0, 6, "", "0"),
        (1_234_500_000, 6, "PT", "1,234.5 PT"),
        (-1, 18, "FT", "-0.000000000000000001 FT"),
        (42, 0, "wei", "42 wei"),
    ],
)
def test_units_are_shown_exactly(amount: int, decimals: int, unit: str, text: str) -> None:
    assert show_units(amount, decimals, unit=unit) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0s"), (-90, "-1m30s"), (90_000, "1d1h")])
def test_seconds_are_shown_as_they_are_written(seconds: int, text: str) -> None:
    assert show_seconds(seconds) == text
