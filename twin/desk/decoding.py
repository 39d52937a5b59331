"""Calldata as a contract of ours reads it: the same on every side of the desk."""

from __future__ import annotations

from twin.desk.port import DecodedCall
from twin.errors import CrashError
from twin.protocol.manifest import Deployment

__all__ = ["decoded_call"]


def decoded_call(deployment: Deployment, to: bytes, data: bytes) -> DecodedCall | None:
    """Return what *data* asks of the contract of *deployment* at *to*; None where none takes it."""
    contract = deployment.at_address(to)
    function = contract.function_of(data) if contract else None
    if contract is None or function is None:
        return None
    try:
        args = function.decode_call(data)
    except CrashError:  # the selector of one of ours, before words that are none
        return None
    return DecodedCall(contract.name, function.name, args)
