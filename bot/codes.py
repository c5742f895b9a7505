"""The closed lists that every part of the product shares: topics, urgent needs, languages, circumstances.

A code is never shown to a person: its words stand in the catalogues (``topic.housing`` and so on).
"""

NEEDS = (
    "housing",
    "esol",
    "nrpf",
    "legal",
    "library",
    "internet",
    "health",
    "mental_health",
    "work",
    "school",
    "money",
    "food",
    "community",
    "ukraine",
    "hong_kong",
    "young_people",
    "domestic_abuse",
    "hate_crime",
    "modern_slavery",
    "emergency",
    "trust",
)
"""Topics that the directory and the guidance answer. The first five are the core."""

TALK = ("human", "language", "smalltalk", "out_of_scope")
"""Topics of talk that is not a need."""

TOPICS = NEEDS + TALK

DIALOGUE_INTENTS = ("inform", "more", "hours", "contact", "closer", "repeat", "correct", "start_again", "nlu_fallback")
"""Rasa intents that steer the dialogue and are never reported as a topic."""

PLACE_MATTERS = frozenset({"housing", "esol", "library", "food", "community", "school", "internet", "health", "young_people"})
"""Topics for which a place is asked, once, when it is not known."""

URGENT = (
    "emergency",
    "self_harm",
    "domestic_abuse",
    "modern_slavery",
    "child_at_risk",
    "homeless_tonight",
    "detention",
)

TOPIC_OF_URGENT = {
    "emergency": "emergency",
    "self_harm": "mental_health",
    "domestic_abuse": "domestic_abuse",
    "modern_slavery": "modern_slavery",
    "child_at_risk": "young_people",
    "homeless_tonight": "housing",
    "detention": "legal",
}
"""The topic that an urgent need is about."""

CIRCUMSTANCES = (
    "asylum_seeker",
    "refugee",
    "refused",
    "nrpf",
    "homes_for_ukraine",
    "hong_kong_bno",
    "afghan_scheme",
    "eu_settled",
    "unaccompanied_child",
    "family",
    "student",
    "anyone",
)

REPLY_LANGUAGES = ("en", "uk", "ru", "ar", "fa", "prs", "ps", "ckb", "ti", "so", "zh-Hant", "ro", "lt", "pl")
"""BCP 47 codes of the languages the product writes in; each has catalogues in ``data/locales``."""

INTERPRETER_FOR = {
    "uk": "Ukrainian",
    "ru": "Russian",
    "ar": "Arabic",
    "fa": "Farsi",
    "prs": "Dari",
    "ps": "Pashto",
    "ckb": "Kurdish Sorani",
    "ti": "Tigrinya",
    "so": "Somali",
    "zh-Hant": "Cantonese",
    "ro": "Romanian",
    "lt": "Lithuanian",
    "pl": "Polish",
}
"""What a reader of a language asks an English speaker for: the spoken language, by the name interpreting services use."""

ENGLISH_NAMES = {"en": "English", **INTERPRETER_FOR}
"""What staff call the language of a chat."""

RIGHT_TO_LEFT = frozenset({"ar", "fa", "prs", "ps", "ckb", "ur"})

WRITTEN_AS = {"zh-Hans": "zh-Hant", "yue": "zh-Hant"}
"""Languages that have no catalogue of their own, and the one whose catalogue their readers can read."""

SPELT_AS = {"prs": "fa"}
"""Languages that the gazetteer has no spellings for, and the one whose spellings their readers know."""

LATIN_LETTERS = ("ro", "lt", "pl", "so")
"""Languages beside English that are written in its letters, whose readers read a name off a sign."""

_OTHER_TAGS = {"zh": "zh-Hant", "fa-AF": "prs", "ku-Arab": "ckb", "ku-IQ": "ckb"}
BROWSER_TAGS = {tag.lower(): code for tag, code in ({code: code for code in REPLY_LANGUAGES} | WRITTEN_AS | _OTHER_TAGS).items()}
"""Language tags of browsers in lower case (``zh`` stands for ``zh-TW`` and its like), and the language we write in for each."""


def language_of_tag(tag: str) -> str | None:
    """Give the language to answer in for a browser's tag: ``uk-UA`` is looked up as it is, then as ``uk``."""
    parts = tag.strip().lower().split("-")
    return next((BROWSER_TAGS[name] for n in range(len(parts), 0, -1) if (name := "-".join(parts[:n])) in BROWSER_TAGS), None)


def reply_language(code: str | None) -> str | None:
    """Give the language to answer in for somebody who writes ``code``, or None where there is none."""
    if code in REPLY_LANGUAGES:
        return code
    return WRITTEN_AS.get(code or "")


def direction(code: str) -> str:
    """Give ``rtl`` or ``ltr``, the HTML ``dir`` of a language."""
    return "rtl" if code in RIGHT_TO_LEFT else "ltr"


def locale_of(code: str) -> str:
    """Give the name by which Babel and gettext know a language: English is British here, which has the day before the month; Dari is the
    Persian of Afghanistan.
    """
    return {"en": "en_GB", "prs": "fa_AF"}.get(code, code.replace("-", "_"))
