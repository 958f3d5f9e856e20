"""Incidents and messages that several tests look at."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from bot import message
from bot.message.progress import AccountProgress, Deadline, GoalProgress
from bot.message.voice import Voice
from bot.model.message import Alert, Message
from checks.model import Cause, Incident, Notice, Update
from checks.reasons import reason

DAY = 86400
SEEN = int(datetime(2022, 11, 20, 8, 0, tzinfo=UTC).timestamp())
SATURDAY = int(datetime(2022, 11, 19, 22, 59, 59, tzinfo=UTC).timestamp())

PURGE = Incident(
    account="instagram/lenamakes",
    metric="followers",
    direction="down",
    opened_at=SATURDAY,
    alerted_at=SATURDAY,
    resolved_at=None,
    last_finding_at=SATURDAY,
    state="suspected",
    kind="purge",
    severity="warning",
    confidence=0.94,
    change=-12402,
    expected=210,
    level=302500,
    score=-14.2,
    reasons=(
        reason("moved", metric="followers", change=-12402, expected=210, days=1),
        reason("peers_fell", group="platform:instagram", share=74.2, usual=6.1, judged=31),
        reason("interactions_stayed", ratio=0.97),
        reason("known_event", name="Instagram names fakes", kind="platform_notice"),
    ),
    causes=(Cause("purge", 0.84), Cause("unfollow_wave", 0.13), Cause("glitch", 0.03)),
    advice=("disconnect_apps", "expect_lower_base"),
    updates=(
        Update(
            at=SATURDAY, state="suspected", kind="purge", severity="warning", confidence=0.94
        ),
    ),
)


def told(incident: Incident = PURGE, number: int = 12, **changes: Any) -> Alert:
    """The alert of an incident as one channel knows it."""
    known: dict[str, Any] = {"number": number, "incident": incident, "seen_at": SEEN}
    return Alert(**(known | changes))


def later(incident: Incident, days: int, **changes: Any) -> Incident:
    """The incident `days` after it opened, with one more update."""
    at = incident.opened_at + days * DAY
    newer = replace(incident, **changes)
    update = Update(
        at=at,
        state=newer.state,
        kind=newer.kind,
        severity=newer.severity,
        confidence=newer.confidence,
    )
    return replace(newer, updates=(*incident.updates, update))


CONFIRMED = later(PURGE, 1, state="confirmed", severity="critical", confidence=0.98)
OVER = later(CONFIRMED, 4, state="resolved", resolved_at=SATURDAY + 4 * DAY, closed_as="calm")
GLITCH = later(
    PURGE,
    1,
    state="resolved",
    kind="glitch",
    causes=(Cause("glitch", 0.97),),
    severity="info",
    resolved_at=SATURDAY + DAY,
    closed_as="glitch",
    reasons=(reason("came_back", hours=23.0),),
    advice=("nothing_to_do",),
)
LEAK = replace(
    PURGE,
    account="youtube/Kanal Ä",
    kind="leak",
    causes=(Cause("leak", 0.95),),
    opened_at=SATURDAY - 12 * DAY,
    change=-940,
    expected=310,
    level=61300,
    confidence=0.71,
    reasons=(
        reason("slow_loss", daily=78.0, days=12),
        reason("shown_step", step=100),
        reason("peers_calm", group="platform:youtube", share=1.2, judged=137),
    ),
    advice=("watch_leavers",),
)
SWING = replace(
    PURGE,
    account="tiktok/mo",
    metric="following",
    direction="swing",
    kind="follow_unfollow",
    causes=(Cause("follow_unfollow", 0.97),),
    change=12,
    expected=0,
    level=1900,
    reasons=(
        reason("swings", percent=14.2),
        reason("near_limit", following=9800, share=98.0, limit=10000),
    ),
    advice=("stop_automation", "keep_below_limits"),
)
NO_LEVEL = replace(
    PURGE,
    account="meta/brand",
    direction="up",
    kind="mass_follow",
    causes=(Cause("mass_follow", 0.62), Cause("viral", 0.36)),
    change=5020,
    expected=31,
    level=math.nan,
    confidence=0.55,
    reasons=(
        reason("no_level"),
        reason("interactions_flat", ratio=1.04),
        reason("round_number", count=5000),
        reason("peers_rose", group="#team-a", share=11.0, usual=0.4, judged=44),
    ),
    advice=("ask_about_campaign",),
)
HIDDEN = replace(
    PURGE,
    kind="unexplained_drop",
    causes=(Cause("unfollow_wave", 0.55), Cause("purge", 0.42)),
    change=120,
    expected=4200,
    reasons=(reason("hidden_by_growth", change=120, missing=4080),),
)
DILUTION = replace(
    PURGE,
    metric="views",
    kind="dilution",
    causes=(Cause("dilution", 0.8),),
    change=3012,
    expected=7530,
    level=7530,
    reasons=(reason("reach_fell", ratio=0.41), reason("after_mass_follow")),
    advice=("check_account_status",),
)


def members(count: int) -> list[Alert]:
    """Alerts of one wave over three platforms, sizes falling with the number."""
    platforms = ("instagram", "tiktok", "youtube")
    return [
        told(
            replace(
                PURGE,
                account=f"{platforms[n % 3]}/creator_{n:04d}",
                change=-(9000 - n * 7),
                severity="critical" if n < 2 else "warning" if n < 8 else "info",
                wave="2022-11-19",
            ),
            number=n + 1,
        )
        for n in range(count)
    ]


def week() -> message.Summary:
    rise = (1000.0, 1010.0, math.nan, 1030.0, 1042.0, 1049.0, 1060.0)
    fall = (5000.0, 4990.0, 4984.0, 4870.0, 4861.0, 4859.0, 4850.0)
    return message.Summary(
        period="week",
        start=SEEN - 7 * DAY,
        end=SEEN,
        accounts=[
            AccountProgress(account="tiktok/up", values=rise, before=995, after=1060),
            AccountProgress(account="tiktok/down", values=fall, before=5004, after=4850),
            AccountProgress(
                account="youtube/new",
                values=(math.nan,) * 6 + (5000.0,),
                before=math.nan,
                after=5000,
            ),
            AccountProgress(
                account="meta/flows", values=rise, before=0, after=60, has_level=False
            ),
        ],
        open=[told(), *members(3)],
        late=[told(LEAK, 9)],
        returned=1,
        stale=[
            message.Silent("linkedin/page", SEEN - 9 * DAY),
            message.Silent("x/never", None),
            message.Silent("weekly exports", SEEN - 4 * DAY, 138),
        ],
        goals=[
            GoalProgress(
                account="tiktok/up",
                followers=2000,
                by=date(2023, 1, 19),
                now=1060,
                forecast=(1500, 1700, 1900),
            ),
            GoalProgress(account="tiktok/down", followers=4000, by=date(2023, 1, 19), now=4850),
        ],
        deadlines=[
            Deadline(name="US ban", kind="deadline", at=SEEN + 5 * DAY, about="tiktok"),
            Deadline(name="Sale", kind="campaign", at=SEEN + DAY),
        ],
    )


def messages() -> Mapping[str, Callable[[Voice], Message]]:
    """Every message of an incident's life and beyond, by name."""
    acknowledged = {"acknowledged_by": "Ana", "acknowledged_at": SEEN + 3600}
    return {
        "purge": lambda voice: message.alert(voice, told(), SEEN),
        "purge critical, acknowledged": lambda voice: message.alert(
            voice, told(CONFIRMED, mention="role:7", **acknowledged), SEEN + 7200
        ),
        "purge over": lambda voice: message.alert(
            voice, told(OVER, **acknowledged), SEEN + 4 * DAY
        ),
        "purge seen late": lambda voice: message.alert(
            voice, told(seen_at=SEEN + 3 * DAY), SEEN + 3 * DAY
        ),
        "glitch": lambda voice: message.alert(voice, told(GLITCH), SEEN + DAY),
        "corrected": lambda voice: message.alert(
            voice, told(replace(GLITCH, closed_as="corrected")), SEEN + DAY
        ),
        "no more data": lambda voice: message.alert(
            voice, told(replace(OVER, closed_as="no_more_data")), SEEN + 14 * DAY
        ),
        "leak": lambda voice: message.alert(voice, told(LEAK), SEEN),
        "follow and unfollow": lambda voice: message.alert(voice, told(SWING), SEEN),
        "mass follow without a level": lambda voice: message.alert(voice, told(NO_LEVEL), SEEN),
        "hidden by growth": lambda voice: message.alert(voice, told(HIDDEN), SEEN),
        "dilution": lambda voice: message.alert(voice, told(DILUTION), SEEN),
        "reminder": lambda voice: message.reminder(voice, told(CONFIRMED), SEEN + DAY),
        "history confirmed": lambda voice: message.history(voice, told(CONFIRMED), SEEN + DAY),
        "history over": lambda voice: message.history(voice, told(OVER), SEEN + 4 * DAY),
        "wave": lambda voice: message.wave(voice, members(13), SEEN, watched=40),
        "wave over": lambda voice: message.wave(
            voice,
            [
                replace(
                    one,
                    incident=replace(
                        one.incident, state="resolved", resolved_at=SATURDAY + 3 * DAY
                    ),
                )
                for one in members(3)
            ],
            SEEN + 3 * DAY,
            watched=40,
        ),
        "wave that came back": lambda voice: message.wave(
            voice,
            [
                replace(
                    one,
                    incident=replace(
                        one.incident,
                        state="resolved",
                        kind="glitch",
                        causes=(Cause("glitch", 0.97),),
                        severity="info",
                        resolved_at=SATURDAY + DAY,
                        reasons=(reason("wave_came_back"), reason("joined_wave")),
                        advice=("nothing_to_do",),
                    ),
                )
                for one in members(3)
            ],
            SEEN + DAY,
            watched=40,
        ),
        "digest of the night": lambda voice: message.digest(
            voice, members(12), SEEN, reason="quiet", older=3, since=SEEN - 9 * 3600
        )[0],
        "digest of old ones": lambda voice: message.digest(
            voice, [], SEEN, reason="import", older=1
        )[0],
        "milestone": lambda voice: message.notice(
            voice,
            [
                Notice(
                    kind="milestone",
                    account="tiktok/up",
                    at=SEEN,
                    reasons=(
                        reason("milestone", milestone=100000, followers=100012, daily=412.0),
                    ),
                )
            ],
            SEEN,
        ),
        "two notices": lambda voice: message.notice(
            voice,
            [
                Notice(
                    kind="stale",
                    account="x/quiet",
                    at=SEEN,
                    reasons=(reason("not_read", days=8),),
                ),
                Notice(
                    kind="source_fault",
                    account=None,
                    at=SEEN,
                    reasons=(reason("zero_for_many", accounts=12),),
                ),
            ],
            SEEN,
        ),
        "week": lambda voice: message.summary(voice, week(), SEEN),
    }
