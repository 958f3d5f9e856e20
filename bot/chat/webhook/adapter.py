"""Alerts for programs: signed JSON by the Standard Webhooks, sent until it is taken.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import asyncio
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from standardwebhooks import Webhook
from standardwebhooks.webhooks import EmptyWebhookSecretError

from bot.chat.clocks import Clocks
from bot.chat.settings import check_url
from bot.chat.webhook import CAN, ReceiverSettings, WebhookSettings
from bot.config.settings import secret
from bot.errors import (
    ConfigError,
    DeliveryDeferred,
    DeliveryError,
    DeliveryMalformed,
    DeliveryRefused,
    DeliveryUnconfirmed,
)
from bot.model.chat import ChatSurroundings, Delivery, Health
from bot.model.message import Message

_SECONDS = 15.0
"""The specification's own advice for one attempt: 15 to 30 seconds."""

_MALFORMED = frozenset({400, 413, 415, 422})
"""What says that this body alone is refused."""

_LATER = frozenset({408, 409, 425, 429})
"""Of the 4xx, those that another time may be a yes."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """`space` is whose alerts it gets; address and signer never show in a text."""

    url: str = field(repr=False)
    signer: Webhook = field(repr=False)
    space: str


class WebhookChat:
    """Every revision of an alert is a request of its own; a repeat has the same `webhook-id`,
    by which the receiver drops it."""

    platform = "webhook"
    can = CAN

    def __init__(
        self, receivers: Mapping[str, Receiver], clocks: Clocks, *, seconds: float = _SECONDS
    ) -> None:
        self._receivers, self._clocks = receivers, clocks
        self._since = clocks.wall()
        self._broken: dict[str, str] = {}
        self._client = httpx.AsyncClient(timeout=seconds, follow_redirects=False)

    async def run(self) -> None:
        await asyncio.Event().wait()

    async def send(self, delivery: Delivery) -> str:
        receiver = self._receiver(delivery)
        body = json.dumps(payload(delivery), ensure_ascii=False)
        at = datetime.fromtimestamp(self._clocks.wall(), UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": receiver.signer.sign(delivery.id, at, body),
        }
        try:
            answer = await self._client.post(
                receiver.url, content=body.encode(), headers=headers
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            said = (
                f"{delivery.channel} cannot be reached: start the receiver; it is tried again"
            )
            raise self._trouble(DeliveryDeferred(said, channel=delivery.channel)) from None
        except httpx.HTTPError as error:
            said = (
                f"{delivery.channel} gave no whole answer ({type(error).__name__}): the same "
                "id is sent again"
            )
            raise self._trouble(DeliveryUnconfirmed(said, channel=delivery.channel)) from None
        self._check(answer, delivery.channel)
        if self._broken.pop(delivery.channel, None):
            self._since = self._clocks.wall()
        return delivery.id

    async def space_of(self, channel: str) -> str | None:
        receiver = self._receivers.get(channel.partition(":")[2])
        return receiver.space if receiver else None

    async def problems(self, channel: str | None) -> list[str]:
        """Nothing is sent to find out: `send-test` does that."""
        if channel is None or await self.space_of(channel) is not None:
            return []
        return [f"{channel} needs a [webhook.{channel.partition(':')[2]}] section"]

    def health(self) -> Health:
        text = "; ".join(self._broken.values()) or "all receivers took what was sent"
        return Health(ready=not self._broken, since=self._since, text=text)

    async def close(self) -> None:
        await self._client.aclose()

    def _receiver(self, delivery: Delivery) -> Receiver:
        receiver = self._receivers.get(delivery.channel.partition(":")[2])
        if receiver is None or receiver.space != delivery.space:
            raise DeliveryRefused(
                f"{delivery.channel} is no receiver of {delivery.space}: correct its section",
                channel=delivery.channel,
            )
        return receiver

    def _check(self, answer: httpx.Response, channel: str) -> None:
        if answer.is_success:
            return
        status = answer.status_code
        if status in _MALFORMED:
            raise DeliveryMalformed(
                f"{channel} answered {status}: the receiver does not take this message",
                channel=channel,
            )
        if status < 500 and status not in _LATER:
            raise self._trouble(
                DeliveryRefused(
                    f"{channel} answered {status}: correct its address or secret, or the "
                    "receiver",
                    channel=channel,
                )
            )
        pause = answer.headers.get("retry-after", "")
        raise self._trouble(
            DeliveryDeferred(
                f"{channel} answered {status}: the same id is sent again",
                channel=channel,
                retry_after=float(pause) if pause.isdecimal() else None,
            )
        )

    def _trouble(self, error: DeliveryError) -> DeliveryError:
        if not self._broken:
            self._since = self._clocks.wall()
        self._broken[error.channel or ""] = str(error)
        return error


def payload(delivery: Delivery) -> dict[str, Any]:
    """`type`, `timestamp` and `data`, as the specification has them.

    `timestamp` is the first attempt's, so that a repeat is the same to the letter. `alert` and
    `revision` say which newest state replaces which; each incident has its `number`.
    """
    message, first = delivery.message.in_words(), delivery.first_attempt_at or 0.0
    kind = f"alert.{'updated' if delivery.update else 'opened'}"
    return {
        "type": kind if delivery.kind == "alert" else delivery.kind,
        "timestamp": datetime.fromtimestamp(int(first), UTC).isoformat(),
        "data": {
            "channel": delivery.channel,
            "alert": delivery.alert,
            "revision": delivery.revision,
            "incidents": [] if delivery.plain else list(delivery.incidents),
            "plain": delivery.plain,
            **_words(message),
        },
    }


def _words(message: Message) -> dict[str, Any]:
    return {
        "title": message.title,
        "text": message.text,
        "severity": message.severity,
        "over": message.over,
        "fields": [{"name": one.name, "value": one.value} for one in message.fields],
        "table": [list(row) for row in message.table],
    }


def open_webhook(section: WebhookSettings, world: ChatSurroundings) -> WebhookChat:
    """Raises ConfigError with what any receiver lacks."""
    receivers: dict[str, Receiver] = {}
    problems: list[str] = []
    for name, settings in section.root.items():
        try:
            receivers[name] = _receiver(name, settings, world.environ, world.path("."))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return WebhookChat(receivers, Clocks.of(world))


def _receiver(
    name: str, settings: ReceiverSettings, environ: Mapping[str, str], root: Path
) -> Receiver:
    where = f"webhook.{name}"

    def read(what: str, env: str | None, file: str | None) -> str:
        return secret(environ, env=env, file=file, root=str(root), what=f"{where}.{what}")

    url = read("url", settings.url_env, settings.url_file)
    key = read("secret", settings.secret_env, settings.secret_file)
    try:
        check_url(url, ("http", "https"))
    except ValueError:
        raise ConfigError(
            [f"{where}.url: write an address that begins with https://, none is shown here"]
        ) from None
    try:
        return Receiver(url, Webhook(key), settings.space)
    except (binascii.Error, ValueError, EmptyWebhookSecretError):
        raise ConfigError(
            [
                f"{where}.secret: this is no secret of Standard Webhooks: make one with "
                "`openssl rand -base64 24` and put whsec_ before it"
            ]
        ) from None
