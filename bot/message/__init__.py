"""Every word that a person sees: incidents, notices and summaries become `Message`s.

All functions are pure; `voice` carries the language and the time zone of the channel.
"""

from bot.message.alert import alert, history, reminder
from bot.message.voice import Voice, clean, voice_for

__all__ = ["Voice", "alert", "clean", "history", "reminder", "voice_for"]
