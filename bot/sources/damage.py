"""How a file that cannot be read is told."""

from bot.errors import SourceChanged


def damaged(name: str, what: str) -> SourceChanged:
    return SourceChanged(f"{name} {what}: export it again.", where=name)
