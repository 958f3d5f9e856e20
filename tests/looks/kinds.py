"""One message of every kind, about three named accounts and one wave, with its picture."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from bot import message
from bot.message import details, replies, status, voice_for
from bot.message.progress import AccountProgress
from bot.message.summary import report_picture
from bot.message.voice import Voice
from bot.model.message import Alert, ChartSpec, Message
from checks.model import Event, Notice
from checks.panel.build import Readings, build_panel
from checks.panel.panel import Panel
from checks.reasons import reason
from tests.bot import cases
from tests.bot.cases import DAY, PURGE, SEEN, told

NAMES = {
    "instagram/lenamakes": "Lena macht Sachen",
    "youtube/UCx7Y2kq9LrA3dVbN0PzWm1g": "Kanal Ä",
    "tiktok/mo": "Mo",
    "instagram/creator_0000": "Studio Nord",
    "tiktok/creator_0001": "Tanzhaus",
    "youtube/creator_0002": "Ada erklärt",
    "tiktok/up": "Aufwärts",
    "tiktok/down": "Abwärts",
    "youtube/Kanal Ä": "Kanal Ä",
    "youtube/new": "Neu dabei",
    "meta/flows": "Seite eins",
    "meta/brand": "Die Marke",
    "linkedin/page": "Unternehmensseite",
    "x/never": "Nie gelesen",
    **{
        f"{platform}/creator_{number:04}": f"Creator {number}"
        for number in range(3, 20)
        for platform in ("instagram", "tiktok", "youtube")
    },
}
LEAK = replace(cases.LEAK, account="youtube/UCx7Y2kq9LrA3dVbN0PzWm1g")
DAYS = 75


def voice(language: str = "en") -> Voice:
    return voice_for(language, "Europe/Vienna", NAMES)


def panel(account: str, level: float, fall: float, days_ago: int = 1) -> Panel:
    """Daily counts up to now, with a fall."""
    noise = np.random.default_rng(len(account))
    followers = level + np.cumsum(
        noise.normal(level / 3000 + 4, level / 2500 + 3, DAYS)
    ).astype(float)
    followers[DAYS - days_ago :] += fall
    return build_panel(
        Readings(
            [account],
            np.zeros(DAYS, np.int64),
            SEEN - 11 * 3600 - DAY * np.arange(DAYS)[::-1],
            {"followers": followers},
        ),
        now=SEEN,
        timezone="Europe/Vienna",
        days=121,
    )


def drawn(shown: Message, incident: Any, level: float, fall: float, theme: str) -> Message:
    """The message with its chart, as it is drawn just before it is sent."""
    spec = shown.chart
    assert spec is not None
    days_ago = max(1, int((SEEN - incident.opened_at) / DAY) + 1)
    return replace(
        shown,
        picture=message.picture(
            voice(),
            replace(spec, end=min(spec.end, SEEN)),
            panel(spec.account, level, fall, days_ago),
            SEEN,
            message.Scene(
                incident=incident,
                events=[
                    Event(
                        name="Sommeraktion",
                        kind="campaign",
                        start=SEEN - 24 * DAY,
                        end=SEEN - 22 * DAY,
                    )
                ],
                theme=theme,  # type: ignore[arg-type]
            ),
        ),
    )


def alerts(theme: str) -> dict[str, Message]:
    acknowledged = {"acknowledged_by": "Ana", "acknowledged_at": SEEN + 3600}

    def shown(alert: Alert, now: float = SEEN) -> Message:
        incident = alert.incident
        level = incident.level if incident.level > 0 else 20_000
        made = message.alert(voice(), alert, now)
        return drawn(made, incident, level, incident.change, theme)

    wave = message.wave(voice(), cases.members(13), SEEN, watched=40)
    return {
        "suspected": shown(told()),
        "confirmed": shown(told(cases.CONFIRMED, mention="role:S0LEADS", **acknowledged)),
        "resolved": shown(told(cases.OVER, **acknowledged), SEEN + 4 * DAY),
        "glitch": shown(told(cases.GLITCH), SEEN + DAY),
        "leak": shown(told(LEAK)),
        "follow unfollow": message.alert(voice(), told(cases.SWING), SEEN),
        "mass follow": message.alert(voice(), told(cases.NO_LEVEL), SEEN),
        "dilution": message.alert(voice(), told(cases.DILUTION), SEEN),
        "wave": drawn(wave, cases.members(1)[0].incident, 300_000, -9000, theme),
        "wave over": made_over(),
        "reminder": message.reminder(voice(), told(cases.CONFIRMED), SEEN + DAY),
        "thread": message.history(voice(), told(cases.CONFIRMED), SEEN + DAY),
        "thread of a wave": message.wave_history(voice(), cases.members(13), SEEN),
        "digest": message.digest(
            voice(), cases.members(14), SEEN, reason="quiet", older=3, since=SEEN - 9 * 3600
        )[0],
        "german": message.alert(voice("de"), told(), SEEN),
        "german week": message.summary(voice("de"), cases.week(), SEEN),
    }


def made_over() -> Message:
    return cases.messages()["wave that came back"](voice())


def milestone_card(theme: str, *accounts: str) -> Message:
    made = message.notice(voice(), milestone(*accounts), SEEN)
    assert made.chart is not None
    rising = message.Scene(theme=theme)  # type: ignore[arg-type]
    spec = made.chart
    drawn = message.picture(voice(), spec, panel(spec.account, 97_628, 0.0), SEEN, rising)
    return replace(made, picture=drawn)


def milestone(*accounts: str) -> list[Notice]:
    return [
        Notice(
            kind="milestone",
            account=account,
            at=SEEN,
            reasons=(reason("milestone", milestone=100000, followers=100012, daily=412.0),),
        )
        for account in accounts
    ]


def notices(theme: str) -> dict[str, Message]:
    stale = Notice(
        kind="stale", account="tiktok/mo", at=SEEN, reasons=(reason("not_read", days=8),)
    )
    gone = Notice(
        kind="account_gone",
        account="instagram/lenamakes",
        at=SEEN,
        reasons=(reason("account_ended", status="gone"),),
    )
    return {
        "milestone": milestone_card(theme, "tiktok/up"),
        "milestones": milestone_card(theme, "tiktok/up", "tiktok/mo", "instagram/lenamakes"),
        "notice": message.notice(voice(), [gone], SEEN),
        "notices": message.notice(voice(), [stale, gone], SEEN),
    }


def answers(theme: str) -> dict[str, Message]:
    why = details.why(
        voice(), told(cases.OVER), [("useful", "Ana"), ("expected", "Ben")], SEEN + 4 * DAY
    )
    week = cases.week()
    rise = AccountProgress(
        account="tiktok/up",
        values=week.accounts[0].values,
        before=995,
        after=1060,
        last_reading=SEEN,
    )
    look = status.AccountLook(
        account="tiktok/up",
        followers=1060,
        basis="total",
        step=1,
        last_reading=SEEN - 1800,
        status="active",
        courses=((1, rise), (7, rise), (30, rise)),
        goals=week.goals[:1],
        deadlines=week.deadlines,
    )
    listed = [
        *week.accounts,
        AccountProgress(
            account="youtube/UCx7Y2kq9LrA3dVbN0PzWm1g",
            values=(),
            before=math.nan,
            after=61300,
            last_reading=SEEN - 64 * DAY,
        ),
    ]
    chart = ChartSpec(account="instagram/lenamakes", start=SEEN - 45 * DAY, end=SEEN)
    return {
        "why": why,
        "why wave": details.why(
            voice(), cases.members(13)[0], [], SEEN, members=cases.members(13)
        ),
        "status": status_overview(),
        "status account": status.account_status(voice(), look, SEEN),
        "accounts": status.account_list(voice(), listed, {"tiktok/down": "leak"}, SEEN),
        "chart": drawn(
            details.chart(voice(), chart, None, SEEN), PURGE, 300_000, -12_402, theme
        ),
        "incidents": details.incident_list(
            voice(), [told(), *cases.members(4), told(LEAK, 9)], SEEN, all_of_them=False
        ),
        "refused": replies.refused("Only managers of this team may do that; ask one of them."),
    }


def home_answers() -> Mapping[str, Message]:
    """What the app's home asks for, by its line."""
    settings = replies.channel_settings(
        voice(),
        replies.ChannelLook(
            summary="mon 09:00",
            quiet="22:00-07:00",
            thread="also",
            remind=12 * 3600,
            timezone="Europe/Vienna",
            disabled=None,
        ),
    )
    heard = [(1, "tiktok/*; all kinds", False), (2, "#team-a; Purge, Slow leak", True)]
    spoken = [("Language", "English"), ("Time zone", "Europe/Vienna")]
    return {
        "status": status_overview(),
        "accounts": answers("light")["accounts"],
        "subscriptions": replies.subscription_list(voice(), heard, [*spoken, *settings], []),
    }


def status_overview() -> Message:
    week = cases.week()
    look = status.Overview(
        accounts=4,
        open=[told(), told(LEAK, 9)],
        ended=2,
        newest=SEEN - 1800,
        weeks=week.accounts,
        stale=[("tiktok/mo", SEEN - 20 * DAY)],
        gone=[("instagram/creator_0000", "suspended")],
        goals=week.goals,
        deadlines=week.deadlines,
    )
    return status.overview(voice(), look, SEEN)


def carded(period: Any, days: int, theme: Any) -> Message:
    """The summary of a period with its picture."""
    noise = np.random.default_rng(days)
    changes = [(SEEN - DAY * n, float(noise.normal(40, 60))) for n in range(days)][::-1]
    closed = [told(cases.OVER, 7)]
    what = replace(
        cases.week(),
        period=period,
        start=SEEN - days * DAY,
        opened=2,
        closed=closed,
        milestones=milestone("tiktok/up"),
        changes=changes,
    )
    made = message.summary(voice(), what, SEEN)
    assert made.chart is not None
    assert made.chart.report is not None
    return replace(made, picture=report_picture(voice(), made.chart.report, theme))


def summaries(theme: str) -> dict[str, Message]:
    return {
        "summary week": carded("week", 7, theme),
        "summary month": carded("month", 30, theme),
    }


def kinds(platform: str) -> Mapping[str, Message]:
    """Every kind by name; a platform's charts have its own background."""
    theme = "dark" if platform == "discord" else "light"
    return {**alerts(theme), **notices(theme), **answers(theme), **summaries(theme)}
