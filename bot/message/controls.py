"""What can be pressed below a message: three buttons at most, then menus."""

from bot.message.voice import Voice, word
from bot.model.message import Alert, Button, Choice, Menu


def buttons(voice: Voice, target: str, alert: Alert) -> tuple[Button, ...]:
    """`target` is an incident number, or "w" and a number for its whole wave."""
    row = []
    if alert.incident.open and not alert.acknowledged_by:
        row.append(
            Button(label=voice.say("Acknowledge"), command=f"ack {target}", style="primary")
        )
    return (
        *row,
        Button(label=voice.say("Why"), command=f"why {target}"),
        _picture(voice, target, alert),
    )


def _picture(voice: Voice, target: str, alert: Alert) -> Button:
    """The picture that shows most: of the followers where lists tell who they are."""
    account = word(alert.incident.account)
    listed = alert.incident.memory.get("lists") == 1 and not target.startswith("w")
    if listed and account is not None and len(account) <= 50:
        return Button(label=voice.say("Audience"), command=f"audience {account}")
    return Button(label=voice.say("Chart"), command=f"chart {target.removeprefix('w')}")


def menus(voice: Voice, target: str, alert: Alert) -> tuple[Menu, ...]:
    """One for how long to be silent, one for what people say of the alarm."""
    silence = (
        (voice.say("for 1 hour"), "1h"),
        (voice.say("for 1 day"), "1d"),
        (voice.say("for 1 week"), "1w"),
        (voice.say("until it gets worse"), "worse"),
    )
    verdict = (
        (voice.say("Yes, useful"), "useful"),
        (voice.say("True, but expected"), "expected"),
        (voice.say("False alarm"), "false"),
    )
    said = _menu(voice.say("Was this right?"), f"feedback {target}", verdict)
    if not alert.incident.open:
        return (said,)
    return (_menu(voice.say("Mute …"), f"mute {target}", silence), said)


def _menu(label: str, command: str, choices: tuple[tuple[str, str], ...]) -> Menu:
    return Menu(
        label=label,
        choices=tuple(
            Choice(label=words, command=f"{command} {value}") for words, value in choices
        ),
    )
