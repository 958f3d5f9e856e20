"""Errors of one account or file as faults beside the readings of the others."""

from bot.errors import (
    AccountNotFound,
    SourceChanged,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)
from bot.model.source import Fault


def placed(fault: Fault) -> str:
    """The sentence with its file, row and column, where it does not name them itself."""
    if not fault.where or fault.where in fault.text:
        return fault.text
    return f"{fault.text} ({fault.where})"


def fault_of(error: SourceError, account: str | None = None) -> Fault:
    account = account or error.account
    match error:
        case AccountNotFound():
            return Fault(kind="gone", text=str(error), account=account)
        case SourceRefused():
            return Fault(kind="refused", text=str(error), account=account)
        case SourceUnavailable():
            wait = error.retry_after
            return Fault(kind="unavailable", text=str(error), account=account, retry_after=wait)
        case SourceChanged():
            return Fault(kind="changed", text=str(error), account=account, where=error.where)
        case _:
            return Fault(kind="unavailable", text=str(error), account=account)
