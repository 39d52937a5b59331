"""Who may talk to the server: checked on the headers alone, before anything else happens.

The server listens on loopback, but so does every web page's browser. A page can send requests to
127.0.0.1, and with a rebound DNS name even read the answers; so the Host must be exactly one of
the server's own, an Origin, which browsers always send across sites, one of those allowed, and a
body must be declared as JSON, which a page cannot do without asking first (no CORS here).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs

__all__ = ["Guard", "Refusal", "token_of"]

Headers = Sequence[tuple[bytes, bytes]]

_LOCAL = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP *status* and why."""

    status: int
    reason: str


class Guard:
    """The allow-lists of a server on *port*; *origins* are allowed besides its own."""

    def __init__(self, port: int, *, origins: Iterable[str] = ()) -> None:
        """Write the lists down."""
        self.hosts = frozenset(f"{name}:{port}".encode() for name in _LOCAL)
        own = {f"http://{name}:{port}" for name in _LOCAL}
        self.origins = frozenset(origin.encode() for origin in own | set(origins))

    def check(self, headers: Headers) -> Refusal | None:
        """Return why a request or an upgrade with *headers* is refused, or None."""
        hosts = _values(headers, b"host")
        if len(hosts) != 1 or hosts[0].lower() not in self.hosts:
            return Refusal(403, "this host name is not served: use 127.0.0.1 or localhost")
        origins = _values(headers, b"origin")
        if len(origins) > 1 or any(origin not in self.origins for origin in origins):
            return Refusal(403, "this origin is not allowed")
        return None

    @staticmethod
    def check_body(headers: Headers, most: int) -> Refusal | None:
        """Return why a request's body is not read: no JSON, or more than *most* bytes."""
        kinds = _values(headers, b"content-type")
        if len(kinds) != 1 or kinds[0].split(b";")[0].strip().lower() != b"application/json":
            return Refusal(415, "send application/json")
        sizes = _values(headers, b"content-length")
        if any(not size.isdigit() or len(size) > 12 or int(size) > most for size in sizes):
            return Refusal(413, f"a body has at most {most} bytes")
        return None


def _values(headers: Headers, name: bytes) -> list[bytes]:
    return [value for key, value in headers if key.lower() == name]


def token_of(headers: Headers, query: bytes) -> str | None:
    """Return the token that a client showed: as a bearer token, or as `?token=` in the address."""
    for value in _values(headers, b"authorization"):
        scheme, _, token = value.partition(b" ")
        if scheme.lower() == b"bearer":
            return token.strip().decode("latin-1")
    found = parse_qs(query.decode("latin-1")).get("token")
    return found[0] if found else None
