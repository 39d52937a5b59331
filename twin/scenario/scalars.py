"""Scalars of YAML: what a piece of text is read as, and which text is refused for being unclear.

YAML 1.1 reads some text as something that nobody meant: `010` is eight, `12:30:00` is 45000, an
unquoted `0x` address is an integer. Such text is an error; a number with a point stays the exact
decimal that was written.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

__all__ = ["Scalars", "cut", "kind_of"]

_MAX_NUMBER = 80
"""Characters of a number; 2^256 has 78 digits."""

_BASED = re.compile(r"[-+]?0[xXbBoO][0-9a-fA-F_]*")
_LEADING = re.compile(r"[-+]?0[0-9_]+")
_UNBOUNDED = re.compile(r"[-+]?\.?(nan|inf|infinity)", re.IGNORECASE)
_EXPONENT = re.compile(r"[-+]?([0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)[eE][-+]?[0-9]+")

_TAG = "tag:yaml.org,2002:"

_KINDS = {bool: "a boolean", int: "a number", Decimal: "a number", str: "text"}


def cut(text: str) -> str:
    """Return *text* short enough for a message."""
    return text if len(text) <= 30 else f"{text[:27]}..."


def kind_of(value: object) -> str:
    """Return what a scalar's *value* is, in words."""
    return _KINDS.get(type(value), "nothing")


class Scalars:
    """Reads scalars by YAML's own rules, less what is unclear."""

    def __init__(self) -> None:
        """Take YAML's rules from PyYAML."""
        self._resolver: Any = Resolver()

    def read(self, text: str, *, plain: bool) -> tuple[Any, str | None]:
        """Return the value of *text* (*plain*: it has no quotes), and what is wrong with it.

        The value is text, int, Decimal, bool or None. Timestamps stay text, which the fields
        that want one read themselves.
        """
        problem = _unclear(text, plain=plain)
        if problem or not plain:
            return text, problem
        tag = self._resolver.resolve(ScalarNode, text, (True, False)).removeprefix(_TAG)
        if tag == "merge":
            return None, "merge keys are not taken: write the fields out"
        if tag in {"int", "float"}:
            return _number(text, whole=tag == "int")
        if tag == "bool":
            return text.lower() in {"true", "yes", "on"}, None
        return (None if tag == "null" else text), None


def _unclear(text: str, *, plain: bool) -> str | None:
    """Say what is wrong with text that reads like a number and is none that anybody meant."""
    if _UNBOUNDED.fullmatch(text) or (
        _EXPONENT.fullmatch(text)
        and (len(text) > _MAX_NUMBER or math.isinf(float(text.replace("_", ""))))
    ):
        return f"{cut(text)} is no finite number: a scenario holds finite numbers only"
    if plain and _BASED.fullmatch(text):
        return f"{cut(text)} without quotes is read as a number: put it in quotes"
    if plain and _LEADING.fullmatch(text):
        rule = "write the plain number, or quotes around text"
        return f"{cut(text)} with a leading 0 is read as octal or as text: {rule}"
    return None


def _number(text: str, *, whole: bool) -> tuple[Any, str | None]:
    if ":" in text:
        shown = cut(text)
        return None, f'{shown} is read as a number to base 60: put it in quotes, "{shown}"'
    if len(text) > _MAX_NUMBER:
        return None, f"the number {cut(text)} has more than {_MAX_NUMBER} characters"
    digits = text.replace("_", "")
    return (int(digits) if whole else Decimal(digits)), None
