"""Which headers the server lets in."""

from __future__ import annotations

import pytest

from twin.chain.rpc.guard import Guard, token_of

Header = tuple[bytes, bytes]
HOST: Header = (b"host", b"127.0.0.1:8545")
GUARD = Guard(8545, origins=["https://tool.example"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([HOST], None),
        ([(b"Host", b"LOCALHOST:8545")], None),
        ([(b"host", b"[::1]:8545")], None),
        ([HOST, (b"origin", b"http://127.0.0.1:8545")], None),
        ([HOST, (b"origin", b"https://tool.example")], None),
        ([], 403),
        ([HOST, HOST], 403),
        ([(b"host", b"127.0.0.1")], 403),
        ([(b"host", b"127.0.0.1:8546")], 403),
        ([(b"host", b"evil.example:8545")], 403),
        ([(b"host", b"127.0.0.1:8545.evil.example")], 403),
        ([(b"host", b"\xff\xfe")], 403),
        ([HOST, (b"origin", b"http://evil.example")], 403),
        ([HOST, (b"origin", b"null")], 403),
        ([HOST, (b"origin", b"")], 403),
        ([HOST, (b"origin", b"https://tool.example"), (b"origin", b"https://tool.example")], 403),
        ([HOST, (b"origin", b"https://tool.example.evil.example")], 403),
    ],
)
def test_host_and_origin(headers: list[Header], status: int | None) -> None:
    refusal = GUARD.check(headers)
    assert (None if refusal is None else refusal.status) == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(b"content-type", b"application/json")], None),
        ([(b"content-type", b"Application/JSON; charset=utf-8"), (b"content-length", b"9")], None),
        ([], 415),
        ([(b"content-type", b"text/plain")], 415),
        ([(b"content-type", b"application/jsonp")], 415),
        ([(b"content-type", b"application/json"), (b"content-type", b"text/plain")], 415),
        ([(b"content-type", b"application/json"), (b"content-length", b"11")], 413),
        ([(b"content-type", b"application/json"), (b"content-length", b"-1")], 413),
        ([(b"content-type", b"application/json"), (b"content-length", b"9" * 5_000)], 413),
    ],
)
def test_bodies(headers: list[Header], status: int | None) -> None:
    refusal = Guard.check_body(headers, 10)
    assert (None if refusal is None else refusal.status) == status


@pytest.mark.parametrize(
    ("headers", "query", "token"),
    [
        ([(b"authorization", b"Bearer abc")], b"", "abc"),
        ([(b"Authorization", b"bearer  abc ")], b"token=no", "abc"),
        ([], b"a=1&token=a%2Bc", "a+c"),
        ([(b"authorization", b"Basic abc")], b"", None),
        ([], b"", None),
        ([(b"authorization", b"\xff")], b"\xff=\xfe", None),
    ],
)
def test_tokens(headers: list[Header], query: bytes, token: str | None) -> None:
    assert token_of(headers, query) == token
