"""Mutants of a rule: each is wrong in one place, as a slip of the pen or of the mind would be.

Thresholds times 1.5 and times 0.67, `for` times three, comparisons inverted, matchers negated. A
threshold of 0 has no multiple, so that only its comparison mutates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from twin.monitoring.rules import Rule

__all__ = ["Mutant", "mutants"]

_QUOTED = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''
_TOKEN = re.compile(
    rf"""(?P<space>\s+)
    |(?P<matchers>\{{(?:[^{{}}"']|{_QUOTED})*\}})
    |(?P<range>\[[^\]]*\])
    |(?P<quoted>{_QUOTED})
    |(?P<duration>\d+[a-df-z]\w*)
    |(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
    |(?P<word>[A-Za-z_:][\w:]*)
    |(?P<compare>>=|<=|==|!=|>|<)
    |(?P<other>.)""",
    re.VERBOSE,
)
_MATCHER = re.compile(rf"(\w+)(\s*)(=~|!~|!=|=)(\s*)({_QUOTED})")
_INVERSE = {">": "<=", "<=": ">", "<": ">=", ">=": "<", "==": "!=", "!=": "=="}
_NEGATED = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}
_MODIFIERS = ("bool", "on", "ignoring", "group_left", "group_right")
_FACTORS = (1.5, 0.67)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A *rule* that is wrong by one *change*; *kind* is threshold, for, comparison or matcher."""

    kind: str
    change: str
    rule: Rule


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(expr: str) -> list[_Token]:
    return [_Token(str(found.lastgroup), found[0]) for found in _TOKEN.finditer(expr)]


def mutants(rule: Rule) -> list[Mutant]:
    """Return every mutant of *rule*, in the order of its expression; `for` comes last."""
    tokens = _tokens(rule.expr)
    made = [
        Mutant(kind, change, replace(rule, expr=expr))
        for place, token in enumerate(tokens)
        for kind, change, expr in _at(tokens, place, token)
        if expr != rule.expr
    ]
    if rule.hold:
        longer = replace(rule, hold=3 * rule.hold)
        made.append(Mutant("for", f"for: {rule.hold}s -> {longer.hold}s", longer))
    return made


def _at(tokens: list[_Token], place: int, token: _Token) -> Iterator[tuple[str, str, str]]:
    """Yield (kind, change, expression) for what is wrong at one place."""
    if token.kind == "compare":
        opposite = _INVERSE[token.text]
        yield "comparison", f"{token.text} -> {opposite}", _put(tokens, place, opposite)
        yield from _thresholds(tokens, place)
    elif token.kind == "matchers":
        for found in _MATCHER.finditer(token.text):
            negated = f"{found[1]}{_NEGATED[found[3]]}{found[5]}"
            text = token.text[: found.start()] + negated + token.text[found.end() :]
            yield "matcher", f"{found[0]} -> {negated}", _put(tokens, place, text)


def _put(tokens: list[_Token], place: int, text: str) -> str:
    return "".join(text if at == place else token.text for at, token in enumerate(tokens))


def _thresholds(tokens: list[_Token], place: int) -> Iterator[tuple[str, str, str]]:
    """Multiply what stands right of the comparison at *place*: a number, or else a vector."""
    at = _operand(tokens, place + 1)
    token = tokens[at]
    for factor in _FACTORS:
        if token.kind == "number":
            changed = f"{float(token.text) * factor:.12g}"
            if float(changed) == float(token.text):
                continue
            yield "threshold", f"{token.text} -> {changed}", _put(tokens, at, changed)
        else:
            text = f"{factor} * {token.text}"
            yield "threshold", f"{token.text} -> {text}", _put(tokens, at, text)


def _operand(tokens: list[_Token], place: int) -> int:
    """Return where the operand right of a comparison begins: behind spaces, modifiers, a sign."""
    while True:
        token = tokens[place]
        if token.kind == "word" and token.text in _MODIFIERS:
            place = _closed(tokens, place + 1) if token.text != "bool" else place + 1
        elif token.kind == "space" or token.text == "-":
            place += 1
        else:
            return place


def _closed(tokens: list[_Token], place: int) -> int:
    """Return the place behind the brackets that begin at *place*, if any do."""
    while tokens[place].kind == "space":
        place += 1
    if tokens[place].text != "(":
        return place
    while tokens[place].text != ")":
        place += 1
    return place + 1
