"""Every word that a person sees: incidents, notices and summaries become `Message`s.

All functions are pure; `voice` carries the language and the time zone of the channel.
"""

from bot.message.alert import alert, reminder
from bot.message.digest import digest
from bot.message.history import history
from bot.message.notice import notice, untold
from bot.message.picture import Scene, picture
from bot.message.summary import Silent, Summary, summary
from bot.message.voice import Voice, one_line, voice_for
from bot.message.wave import wave, wave_history

__all__ = [
    "Scene",
    "Silent",
    "Summary",
    "Voice",
    "alert",
    "digest",
    "history",
    "notice",
    "one_line",
    "picture",
    "reminder",
    "summary",
    "untold",
    "voice_for",
    "wave",
    "wave_history",
]
