"""Types, values and broken encodings for the tests of the two ways to code an ABI."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import BuiltinMethodType, FunctionType
from typing import Any

import pytest
from hypothesis import strategies as st

from twin.crate import native
from twin.errors import TwinError
from twin.protocol.codec import Function

Param = dict[str, Any]


@contextmanager
def no_crate() -> Iterator[None]:
    """Make it as on a machine where the crate is not built."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "fictra_twin_engine", None)
        native.cache_clear()
        try:
            yield
        finally:
            native.cache_clear()


def entry(params: list[Param], **more: Any) -> Param:
    inputs = [{"name": f"x{n}", **param} for n, param in enumerate(params)]
    return {"type": "function", "name": "f", "inputs": inputs, "outputs": inputs, **more}


def both(params: list[Param]) -> tuple[Function, Function]:
    """Return the function over *params* as the crate codes it, and as Python does."""
    fast = Function.of(entry(params))
    with no_crate():
        slow = Function.of(entry(params))
    assert isinstance(fast.encode, BuiltinMethodType)
    assert isinstance(slow.encode, FunctionType)
    return fast, slow


def outcome(ask: Any, *args: Any) -> str:
    """Return what *ask* answers, or how it refuses: the class and the words."""
    try:
        return repr(ask(*args))
    except TwinError as error:
        return f"{type(error).__name__}: {error}"


SIMPLE = st.one_of(
    st.integers(1, 32).map(lambda n: f"uint{8 * n}"),
    st.integers(1, 32).map(lambda n: f"int{8 * n}"),
    st.integers(1, 32).map(lambda n: f"bytes{n}"),
    st.sampled_from(["address", "bool", "bytes", "string", "uint256"]),
).map(lambda kind: {"type": kind})


def compound(inner: st.SearchStrategy[Param]) -> st.SearchStrategy[Param]:
    suffix = st.sampled_from(["[]", "[1]", "[2]", "[3]"])
    arrays = st.builds(lambda one, tail: {**one, "type": one["type"] + tail}, inner, suffix)
    tuples = st.lists(inner, min_size=1, max_size=3)
    return arrays | tuples.map(lambda members: {"type": "tuple", "components": members})


PARAMS = st.lists(st.recursive(SIMPLE, compound, max_leaves=4), max_size=4)


def values(param: Param) -> st.SearchStrategy[Any]:
    kind = param["type"]
    if kind.endswith("]"):
        head, _, count = kind[:-1].rpartition("[")
        inner = values({**param, "type": head})
        low, high = (int(count), int(count)) if count else (0, 3)
        return st.lists(inner, min_size=low, max_size=high).map(tuple)
    if kind == "tuple":
        return st.tuples(*map(values, param["components"]))
    if kind.startswith(("uint", "int")):
        bits = int(kind.removeprefix("u").removeprefix("int"))
        low = 0 if kind.startswith("u") else -(2 ** (bits - 1))
        edges = st.sampled_from([low, low + 2**bits - 1, 0, low + 2 ** (bits - 1)])
        return edges | st.integers(low, low + 2**bits - 1)
    if kind in {"bool", "string"}:
        return st.booleans() if kind == "bool" else st.text(max_size=40)
    size = {"bytes": None, "address": 20}.get(kind, int(kind[5:]) if kind[5:].isdigit() else 0)
    return st.binary(max_size=70) if size is None else st.binary(min_size=size, max_size=size)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Param], list[Any]]:
    params = draw(PARAMS)
    return params, [draw(values(param)) for param in params]


WORDS = st.one_of(
    st.sampled_from([0, 1, 2, 31, 32, 33, 64, 96, 128, 255, 1 << 64, 1 << 160, 1 << 255]),
    st.just(2**256 - 1), st.integers(0, 512), st.integers(0, 2**256 - 1),
).map(lambda value: value.to_bytes(32, "big"))  # fmt: skip


@st.composite
def hostile(draw: st.DrawFn) -> tuple[list[Param], bytes]:
    """Return types and an encoding of them with words replaced, cut off, or with a tail."""
    params, args = draw(cases())
    with no_crate():
        data = Function.of(entry(params)).encode(*args)[4:]
    for word in draw(st.lists(WORDS, max_size=3)):
        at = 32 * draw(st.integers(0, len(data) // 32))
        data = data[:at] + word + data[at + 32 :]
    return params, data[: draw(st.integers(0, len(data) + 32))] + draw(st.binary(max_size=3))
