"""What newcomers are told: that a channel works, and what the demo has shown."""

from collections import Counter
from collections.abc import Sequence

from bot.message.kinds import kind_name
from bot.message.voice import Voice
from bot.model.message import ChartSpec, Field, Message
from checks.model import Incident


def replay_over(voice: Voice, told: Sequence[Incident], accounts: int) -> Message:
    """`told` are the incidents that were alerted; those of one wave were one message."""
    messages = {incident.wave or f"\0{place}": incident for place, incident in enumerate(told)}
    kinds = Counter(incident.kind for incident in messages.values())
    seen = voice.listed(
        [
            f"{voice.count(many)} × {kind_name(voice, kind)}"
            for kind, many in kinds.most_common()
        ]
    )
    watched = voice.plural("{n} account was watched", "{n} accounts were watched", accounts)
    return Message(
        title=voice.say("That was the replay"),
        text=voice.say("{watched}. Alerts: {seen}.", watched=watched, seen=seen)
        if seen
        else voice.say("{watched}, and nothing stood out.", watched=watched),
        fields=(
            Field(name=voice.say("Look closer"), value="incidents all · why 1 · chart 1"),
            Field(name=voice.say("Your own export"), value="ebbwatch check FILE"),
            Field(name=voice.say("Your own team"), value="ebbwatch init"),
        ),
    )


def trial(voice: Voice, account: str | None = None, chart: ChartSpec | None = None) -> Message:
    """The first message in a channel; with what is known of an account where one is read."""
    text = voice.say("This is a test: alerts come to this channel.")
    if account is not None:
        text += " " + voice.say("{account} is known so far.", account=voice.account(account))
    return Message(title=voice.say("ebbwatch can write here"), text=text, chart=chart)
