"""Errors of one account or file as faults beside the readings of the others."""

from bot.errors import SourceChanged, SourceError, SourceUnavailable
from bot.model.source import Fault


def placed(fault: Fault) -> str:
    """The sentence with its file, row and column, where it does not name them itself."""
    if not fault.where or fault.where in fault.text:
        return fault.text
    return f"{fault.text} ({fault.where})"


def fault_of(error: SourceError, account: str | None = None) -> Fault:
    return Fault(
        kind=error.kind,
        text=str(error),
        account=account or error.account,
        where=error.where if isinstance(error, SourceChanged) else "",
        retry_after=error.retry_after if isinstance(error, SourceUnavailable) else None,
    )
