"""What JSON-RPC answers when it cannot do what was asked: codes and texts as go-ethereum has them.

    RpcError                 code, message, data
    ├── ParseError           -32700  no JSON
    ├── InvalidRequest       -32600  JSON, but no request
    ├── MethodNotFound       -32601
    ├── InvalidParams        -32602  says which argument
    ├── Unauthorised         -32001  a change of the twin without the token
    ├── Refused              -32000  anything the chain refuses
    └── ExecutionReverted    3       with the revert payload as data

Clients match on these texts, so they are kept word for word where go-ethereum has one.
"""

from __future__ import annotations

from typing import Any

from twin.chain.reverts import revert_reason
from twin.errors import ChainError, InvalidTransaction, Reverted, TwinError, UnknownBlock

__all__ = [
    "ExecutionReverted",
    "InvalidParams",
    "InvalidRequest",
    "MethodNotFound",
    "ParseError",
    "Refused",
    "RpcError",
    "Unauthorised",
    "from_twin",
    "revert_reason",
]

# Reasons of the twin (their beginning) and what go-ethereum says instead.
_TEXTS = (
    ("nonce too low", "nonce too low"),
    ("it waits in the mempool already", "already known"),
    ("replacement underpriced", "replacement transaction underpriced"),
    ("insufficient funds", "insufficient funds for gas * price + value"),
    ("gas ", "intrinsic gas too low"),
    ("initcode of", "max initcode size exceeded"),
    ("the sender has code", "sender not an eoa"),
    ("tip ", "max priority fee per gas higher than max fee per gas"),
    ("fee cap ", "max fee per gas less than block base fee"),
    ("signed for chain", "invalid chain id for signer"),
    ("not RLP", "rlp: malformed transaction"),
    ("an empty encoding", "typed transaction too short"),
    ("type ", "transaction type not supported"),
    ("the signature is out of range", "invalid transaction v, r, s values"),
    ("no sender can be recovered", "invalid sender"),
)


class RpcError(TwinError):
    """An answer with an error object; *data* goes along where it is not None."""

    code = -32000

    def __init__(self, message: str, data: Any = None) -> None:
        """Keep the parts of the error object."""
        self.message, self.data = message, data
        super().__init__(message)

    def as_json(self) -> dict[str, Any]:
        """Return the error object."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        return body if self.data is None else {**body, "data": self.data}


class ParseError(RpcError):
    """The body is no JSON."""

    code = -32700


class InvalidRequest(RpcError):
    """The body is JSON, but no request."""

    code = -32600


class MethodNotFound(RpcError):
    """No method of that name is served here."""

    code = -32601


class InvalidParams(RpcError):
    """An argument is missing, malformed or one too many."""

    code = -32602


class Unauthorised(RpcError):
    """A method that changes the twin was called without the token of this start."""

    code = -32001


class Refused(RpcError):
    """The chain refuses: the family of -32000."""


class ExecutionReverted(RpcError):
    """A contract reverted with the payload *output*."""

    code = 3

    def __init__(self, output: bytes) -> None:
        """Say the reason where the payload is a text or a panic."""
        reason = revert_reason(output)
        message = f"execution reverted: {reason}" if reason else "execution reverted"
        super().__init__(message, "0x" + output.hex())


def from_twin(error: TwinError) -> RpcError:
    """Return the answer to an *error* of the twin."""
    if isinstance(error, RpcError):
        return error
    if isinstance(error, Reverted):
        return ExecutionReverted(error.data) if error.data else Refused("execution reverted")
    if isinstance(error, UnknownBlock):
        return Refused(f"missing trie node: historical state not available ({error})")
    if isinstance(error, InvalidTransaction):
        for start, text in _TEXTS:
            if error.reason.startswith(start):
                detail = error.reason.removeprefix(start).removeprefix(": ")
                return Refused(f"{text}: {detail}" if detail else text)
        return Refused(error.reason)
    return Refused(str(error)) if isinstance(error, ChainError) else Refused(f"twin: {error}")
