"""Every command, once: the terminal, Discord, Slack and the command line read this table."""

from bot.commands import (
    audience,
    channel,
    chart,
    check,
    event,
    help,
    imports,
    incidents,
    mute,
    page,
    preview,
    records,
    status,
    subscribe,
)
from bot.commands import summary as summaries
from bot.message.kinds import EVENTS, SEVERITIES
from bot.message.voice import LANGUAGE_NAMES, LANGUAGES, mark
from bot.model.command import Argument, Command

_ACCOUNT = Argument(
    name="account",
    help=mark("An account, platform/handle"),
    kind="account",
    label=mark("Account"),
)
_INCIDENT = Argument(name="incident", help=mark("The number of an incident"), kind="incident")

COMMANDS: tuple[Command, ...] = (
    Command(
        name="status",
        help=mark("How things stand, for all accounts or for one"),
        handler=status.status,
        record=records.status,
        slow=True,
        arguments=(
            Argument(name="account", help=mark("One account"), kind="account", required=False),
        ),
    ),
    Command(
        name="accounts",
        help=mark("All accounts with their count and last week"),
        handler=status.account_list,
        record=records.account_list,
        slow=True,
        arguments=(
            Argument(
                name="pattern",
                help=mark("Only these, such as tiktok/* or #team-a"),
                kind="account",
                required=False,
                rest=True,
            ),
        ),
    ),
    Command(
        name="chart",
        help=mark("A picture of an account's counts"),
        handler=chart.chart,
        arguments=(
            Argument(
                name="account",
                help=mark("An account, or the number of an incident"),
                kind="account",
            ),
            Argument(
                name="days", help=mark("How far back, such as 30d"), kind="span", required=False
            ),
            Argument(
                name="metric",
                help=mark("What to draw; left out: followers"),
                kind="choice",
                choices=("followers", "following", "interactions", "views"),
                required=False,
            ),
        ),
        slow=True,
    ),
    Command(
        name="audience",
        help=mark("Who came and who left, in batches or one by one, from follower lists"),
        handler=audience.show,
        arguments=(_ACCOUNT,),
        slow=True,
    ),
    Command(
        name="check",
        help=mark("What the checks say of an account right now"),
        handler=check.check,
        arguments=(_ACCOUNT,),
        slow=True,
    ),
    Command(
        name="incidents",
        help=mark("Open incidents, or all of them"),
        handler=incidents.listing,
        record=records.incident_list,
        arguments=(
            Argument(
                name="which",
                help=mark("open or all"),
                kind="choice",
                choices=("open", "all"),
                required=False,
            ),
        ),
    ),
    Command(
        name="why",
        help=mark("Every reason of an incident and its life so far"),
        handler=incidents.why,
        record=records.why,
        arguments=(_INCIDENT,),
    ),
    Command(
        name="ack",
        help=mark("Say that somebody looks after an incident"),
        handler=incidents.acknowledge,
        arguments=(_INCIDENT,),
        role="manager",
    ),
    Command(
        name="feedback",
        help=mark("Tell whether an alarm was right, so that the next ones fit better"),
        handler=incidents.feedback,
        arguments=(
            _INCIDENT,
            Argument(
                name="verdict",
                help=mark("expected, false or useful"),
                kind="choice",
                choices=("expected", "false", "useful"),
            ),
        ),
        role="manager",
    ),
    Command(
        name="summary",
        help=mark("Totals, best and worst, what is open, goals and deadlines"),
        handler=summaries.summary,
        record=records.summary,
        arguments=(
            Argument(
                name="period",
                help=mark("day, week or month"),
                kind="choice",
                choices=("day", "week", "month"),
                required=False,
            ),
        ),
        slow=True,
    ),
    Command(
        name="subscribe",
        help=mark("Tell this channel about accounts"),
        handler=subscribe.subscribe,
        form=("accounts", "kinds", "severity", "quiet", "summary"),
        arguments=(
            Argument(
                name="accounts",
                help=mark("Accounts, patterns such as tiktok/* or tags such as #team-a"),
                kind="account",
                required=False,
                label=mark("Accounts"),
            ),
            Argument(
                name="kinds",
                help=mark("Only these kinds, such as purge,leak; left out: all"),
                required=False,
                label=mark("Kinds"),
            ),
            Argument(
                name="severity",
                help=mark("Only from this severity on"),
                kind="choice",
                choices=tuple(SEVERITIES),
                required=False,
                label=mark("Severity"),
                labels=SEVERITIES,
            ),
            Argument(
                name="direction",
                help=mark("Rises, falls or both"),
                kind="choice",
                choices=("both", "up", "down"),
                required=False,
            ),
            Argument(
                name="percent",
                help=mark("The least size in percent"),
                kind="number",
                required=False,
            ),
            Argument(
                name="count",
                help=mark("The least size in followers"),
                kind="number",
                required=False,
            ),
            Argument(
                name="quiet",
                help=mark("Hours in which only critical alerts come, 22:00-07:00; or off"),
                kind="hours",
                required=False,
                label=mark("Quiet hours"),
            ),
            Argument(
                name="summary",
                help=mark("When to sum up: mon 09:00, daily 09:00 or 1st 09:00; or off"),
                kind="rhythm",
                required=False,
                label=mark("Summary"),
            ),
            Argument(
                name="thread",
                help=mark("An alert's history: no thread, also in one, or only there"),
                kind="choice",
                choices=("no", "also", "only"),
                required=False,
            ),
        ),
        role="manager",
    ),
    Command(
        name="unsubscribe",
        help=mark("End a subscription of this channel"),
        handler=subscribe.unsubscribe,
        arguments=(
            Argument(
                name="subscription",
                help=mark("The number of a subscription"),
                kind="subscription",
            ),
        ),
        role="manager",
    ),
    Command(
        name="subscriptions",
        help=mark("What this channel hears, and what is muted"),
        handler=subscribe.listing,
    ),
    Command(
        name="settings",
        help=mark("How this channel is spoken to: language, time zone, reminders, mentions"),
        handler=channel.settings,
        form=("language", "timezone", "remind", "mention"),
        asks=False,
        arguments=(
            Argument(
                name="language",
                help=mark("The language of this channel"),
                kind="choice",
                choices=LANGUAGES,
                required=False,
                label=mark("Language"),
                labels=LANGUAGE_NAMES,
            ),
            Argument(
                name="timezone",
                help=mark("Its time zone, such as Europe/Vienna"),
                required=False,
                label=mark("Time zone"),
            ),
            Argument(
                name="remind",
                help=mark("Remind of critical alerts nobody has taken on, such as 12h; or off"),
                required=False,
                label=mark("Reminder"),
            ),
            Argument(
                name="mention",
                help=mark("The role that critical alerts mention; or off"),
                kind="role",
                required=False,
                label=mark("Mention"),
            ),
        ),
        role="manager",
    ),
    Command(
        name="mute",
        help=mark("Silence an account, an incident or everything in this channel for a while"),
        handler=mute.mute,
        arguments=(
            Argument(
                name="what",
                help=mark("An account, the number of an incident, or all"),
                kind="account",
            ),
            Argument(
                name="until",
                help=mark("2h, tomorrow, friday, 18:00, 2027-02-01; or worse"),
                kind="until",
            ),
        ),
        role="manager",
    ),
    Command(
        name="unmute",
        help=mark("Hear again what was muted"),
        handler=mute.unmute,
        arguments=(
            Argument(
                name="what",
                help=mark("An account, the number of an incident, or all"),
                kind="account",
            ),
        ),
        role="manager",
    ),
    Command(
        name="event add",
        help=mark("Note a dated thing, so that alerts and charts know of it"),
        handler=event.add,
        form=("kind", "from", "name", "to", "about"),
        arguments=(
            Argument(
                name="kind",
                help=mark("What kind of thing it is"),
                kind="choice",
                choices=tuple(EVENTS),
                label=mark("Kind"),
                labels=EVENTS,
            ),
            Argument(
                name="from",
                help=mark("Its first day, such as 2027-01-19"),
                kind="date",
                label=mark("From"),
            ),
            Argument(
                name="name",
                help=mark("What it is called; in quotes where more follows"),
                rest=True,
                label=mark("Name"),
            ),
            Argument(
                name="to",
                help=mark("Its last day, where it has more"),
                kind="date",
                required=False,
                label=mark("To"),
            ),
            Argument(
                name="about",
                help=mark("A platform or an account; left out: all"),
                kind="account",
                required=False,
                label=mark("About"),
            ),
        ),
        role="manager",
    ),
    Command(
        name="event list",
        help=mark("Campaigns, deadlines, notices and outages that are known"),
        handler=event.listing,
    ),
    Command(
        name="event remove",
        help=mark("Take back an event that was added here"),
        handler=event.remove,
        arguments=(Argument(name="event", help=mark("The number of an event"), kind="number"),),
        role="manager",
    ),
    Command(
        name="goal",
        help=mark("Set a goal for an account, or take it back"),
        handler=event.goal,
        form=("account", "followers", "by"),
        arguments=(
            _ACCOUNT,
            Argument(
                name="followers",
                help=mark("How many followers; left out: no goal any more"),
                kind="number",
                required=False,
                label=mark("Followers"),
            ),
            Argument(
                name="by",
                help=mark("By which day, such as 2027-01-19"),
                kind="date",
                required=False,
                label=mark("By"),
            ),
        ),
        role="manager",
    ),
    Command(
        name="preview",
        help=mark("How many alerts each sensitivity would have given in 90 days"),
        handler=preview.preview,
        slow=True,
    ),
    Command(
        name="import",
        help=mark("Read an export of follower counts"),
        handler=imports.take_in,
        arguments=(
            Argument(name="file", help=mark("The export"), kind="file"),
            Argument(
                name="options",
                help=mark("What a question about it asked for: --columns followers=Reach"),
                required=False,
                rest=True,
            ),
        ),
        role="manager",
        slow=True,
    ),
    Command(
        name="watch",
        help=mark("Start to watch an account, or let a forgotten one in again"),
        handler=imports.watch,
        arguments=(
            Argument(name="account", help=mark("The account, platform/handle"), kind="text"),
        ),
        role="manager",
        slow=True,
    ),
    Command(
        name="unwatch",
        help=mark("Stop watching an account"),
        handler=imports.unwatch,
        arguments=(_ACCOUNT,),
        role="manager",
    ),
    Command(
        name="forget",
        help=mark("Erase an account with its readings, lists and incidents, and keep it away"),
        handler=imports.forget,
        arguments=(
            _ACCOUNT,
            Argument(
                name="sure",
                help=mark("yes, to really do it"),
                kind="choice",
                choices=("yes",),
                required=False,
            ),
        ),
        role="manager",
    ),
    Command(
        name="web",
        help=mark("A link that opens the page for you; managers hand on links and tokens"),
        handler=page.web,
        arguments=(
            Argument(
                name="action",
                help=mark("share, links, revoke or token; left out: open the page"),
                kind="choice",
                choices=page.ACTIONS,
                required=False,
            ),
            Argument(
                name="what",
                help=mark(
                    "To share: an account, an incident, week or month; or a link's number"
                ),
                kind="account",
                required=False,
            ),
            Argument(
                name="span",
                help=mark("How long a link works, such as 30d"),
                kind="span",
                required=False,
            ),
        ),
        private=True,
    ),
    Command(
        name="help",
        help=mark("What ebbwatch can do here"),
        handler=help.page,
        arguments=(
            Argument(name="command", help=mark("One command"), required=False, rest=True),
        ),
    ),
)
