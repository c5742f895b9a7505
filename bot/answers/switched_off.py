"""What is said while officers have switched off the assistant, or the handover to staff: a fixed sentence, and their own message."""

from bot.answers.catalogue import Catalogues
from bot.answers.replies import Reply
from bot.codes import reply_language
from bot.switches.off_switches import Off


def switched_off(off: Off, written: str, catalogues: Catalogues) -> list[Reply]:
    """Give notices that something is off: in the language of ours that readers of ``written`` can read, with the English.

    What an officer typed is given as it is, in English. The reason is for officers and never told.
    """
    language = reply_language(written) or "en"
    said = catalogues.said(language, f"off.{off.what}")
    english = "" if said.lang == "en" else catalogues.say("en", f"off.{off.what}")
    notices = [Reply(kind="notice", lang=said.lang, text=said.text, text_en=english)]
    return [*notices, Reply(kind="notice", lang="en", text=off.message)] if off.message else notices
