"""What Slack's answers mean for a delivery; knows Slack's words, not its SDK."""

from __future__ import annotations

from bot.errors import (
    DeliveryDeferred,
    DeliveryError,
    DeliveryMalformed,
    DeliveryRefused,
    DeliveryUnconfirmed,
)

INVITE = "invite it with /invite @ebbwatch"
_TOKEN = "install the app again and put the new bot token where the config says"

_REFUSED = {
    "channel_not_found": f"the channel is gone, or private and the bot is not in it: {INVITE}",
    "not_in_channel": f"the bot is not in the channel: {INVITE}",
    "is_archived": "the channel is archived: unarchive it, or subscribe another one",
    "restricted_action": "the workspace lets only some people post there: ask an admin",
    "restricted_action_read_only_channel": "the channel is read-only: ask an admin",
    "restricted_action_thread_only_channel": "the channel takes replies only: use another one",
    "ekm_access_denied": "the workspace's key management forbids it: ask an admin",
    "no_permission": "the token may not do this: install the app again from its manifest",
    "missing_scope": "the app lacks a scope: print the manifest (ebbwatch slack-manifest), "
    "update the app with it and install it again",
    "not_allowed_token_type": f"the token is of the wrong kind: {_TOKEN}",
    "invalid_auth": f"Slack does not accept the token: {_TOKEN}",
    "not_authed": f"Slack saw no token: {_TOKEN}",
    "account_inactive": f"the app was removed from the workspace: {_TOKEN}",
    "token_revoked": f"the token was revoked: {_TOKEN}",
    "token_expired": f"the token has expired: {_TOKEN}",
    "team_access_not_granted": "the app is not granted to this workspace: ask an admin",
    "access_denied": "the workspace forbids it: ask an admin",
    "accesslimited": "the workspace limits what the app may do: ask an admin",
    "enterprise_is_restricted": "the organisation does not allow it: ask an admin",
    "two_factor_setup_required": "the workspace asks for two-factor sign-in: ask an admin",
    "org_login_required": "the workspace is being moved: wait for its admins",
}
"""Words after which a repeat changes nothing, each with the next step."""

_MALFORMED = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "msg_blocks_too_long",
        "msg_too_long",
        "metadata_too_large",
        "invalid_metadata_format",
        "invalid_arguments",
        "no_text",
        "invalid_attachments",
        "too_many_attachments",
        "attachment_payload_limit_exceeded",
        "invalid_charset",
        "invalid_form_data",
        "invalid_json",
        "json_not_object",
        "duplicate_message_not_allowed",
        "slack_connect_canvas_sharing_blocked",
        "slack_connect_file_link_sharing_blocked",
        "slack_connect_file_upload_sharing_blocked",
    }
)
"""Words for a message that Slack does not take as it is; it had no effect."""

GONE = frozenset(
    {
        "message_not_found",
        "thread_not_found",
        "cant_reply_to_message",
        "cant_update_message",
        "edit_window_closed",
        "restricted_action_non_threadable_channel",
        "restricted_action_thread_locked",
    }
)
"""Words for a message that cannot be edited or replied to (any more): a person deleted it,
or the channel does not allow it. New messages get through all the same."""

_SAYING = frozenset({"chat.postMessage", "chat.update"})
_PASSING = frozenset(
    {
        "internal_error",
        "fatal_error",
        "service_unavailable",
        "request_timeout",
        "team_added_to_org",
    }
)


class SlackRefusal(DeliveryRefused):
    """Carries Slack's own word, for those few that the adapter answers by another try."""

    def __init__(self, message: str, *, channel: str = "", word: str = "") -> None:
        self.word = word
        super().__init__(message, channel=channel)


def refusal(
    word: str, *, method: str, channel: str, status: int, retry_after: float | None, detail: str
) -> DeliveryError:
    """The error for an answer that is not ok; `word` is Slack's `error` ("" where none)."""
    where = channel or "Slack"
    if status == 429 or word in ("ratelimited", "rate_limited"):
        wait = 30.0 if retry_after is None else retry_after
        return DeliveryDeferred(
            f"{where}: Slack asks to wait {wait:.0f} s ({method}): it is tried again by itself",
            channel=channel,
            retry_after=wait,
        )
    if word in _REFUSED:
        return SlackRefusal(f"{where}: {_REFUSED[word]}.", channel=channel, word=word)
    if word in _MALFORMED:
        text = f"{where}: Slack does not take a message as it is ({word}{detail})."
        return DeliveryMalformed(text, channel=channel)
    if word in GONE:
        text = f"{where}: Slack has no such message any more ({word}{detail})."
        return SlackRefusal(text, channel=channel, word=word)
    if word and status < 500 and method in _SAYING and word not in _PASSING:
        # a word that nobody foresaw is of this message until a plain one is refused as well
        text = f'{where}: Slack does not take a message as it is ("{word}"{detail}).'
        return DeliveryMalformed(text, channel=channel)
    if word and status < 500 and word not in _PASSING:
        return SlackRefusal(
            f'{where}: Slack answered "{word}" to {method}: look it up in Slack\'s list of '
            "errors, then run ebbwatch doctor.",
            channel=channel,
            word=word,
        )
    return DeliveryUnconfirmed(
        f"{where}: Slack failed during {method} ({word or status}): it is looked up before "
        "a repeat",
        channel=channel,
    )
