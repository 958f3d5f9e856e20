"""The `[webhook.NAME]` tables of the config file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, RootModel

from bot.config.settings import Section
from bot.model.chat import OPERATOR_SPACE, Capabilities

CAN = Capabilities(data=True)
"""A program that listens: nothing is edited there, looked for or asked."""


class ReceiverSettings(Section):
    """`space` says whose alerts go there; left out the operator's, which are all.

    The address is a secret too, for many hold one.
    """

    url_env: str | None = "WEBHOOK_URL"
    url_file: str | None = None
    secret_env: str | None = "WEBHOOK_SECRET"
    secret_file: str | None = None
    space: str = OPERATOR_SPACE


ReceiverName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]


class WebhookSettings(RootModel[Mapping[ReceiverName, ReceiverSettings]]):
    """The receivers by name."""


def home(section: WebhookSettings, name: str) -> str:
    """The space of a receiver."""
    if name not in section.root:
        raise ValueError(f"webhook:{name} needs a [webhook.{name}] section with its address")
    return section.root[name].space
