"""Deciding what a turn is answered with: a plain function over what was understood and remembered.

The action server calls this and knows no more: no directory, no words. What is decided goes back through Rasa to the front
door, where ``bot.answers.composer`` finds the services and the words for it. So Rasa's tracker holds decisions, not texts.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bot.codes import CIRCUMSTANCES, NEEDS, PLACE_MATTERS, TALK, TOPIC_OF_URGENT
from bot.wire import NEED_OF_A_PART

AT_A_TIME = 3
"""Services shown at a time."""
ANYWHERE = "anywhere"
SECOND_NEED = 0.3
"""A second need of the same message is answered too when it is at least this likely."""
CERTAIN_NEED = 0.5
"""A need this likely is answered after the urgent words, whatever they are about."""
NEARLY_AS_LIKELY = 0.75
"""Of two needs below CERTAIN_NEED, the second this near to the first, the person is asked which is meant."""
FOCUSES = ("hours", "contact", "closer")
ABOUT_SERVICES = ("more", *FOCUSES)
ABOUT_LAST_ANSWER = (*FOCUSES, "repeat", "correct")
"""Intents that ask something about the answer before."""
FOLLOW_UPS = ("inform", "nlu_fallback", "correct", *ABOUT_SERVICES)
FOR_A_CHILD = {"esol": "school", "work": "young_people", "community": "young_people"}
"""What a need becomes when the person adds that it is for a child."""
ALONE_CHILD = "unaccompanied_child"
TOPIC_OF_CIRCUMSTANCE = {
    "asylum_seeker": "legal",
    "refugee": "legal",
    "refused": "legal",
    "afghan_scheme": "legal",
    "nrpf": "nrpf",
    "homes_for_ukraine": "ukraine",
    "hong_kong_bno": "hong_kong",
    "eu_settled": "legal",
    "family": "school",
}
"""What a message seems to be about because a circumstance is told in it."""
AROUND_A_NEED = ("smalltalk", "inform", "correct", "nlu_fallback")
"""What people put round a need: a greeting, their situation, that they were misunderstood."""
NEED_AMONG_TALK = 0.15
"""A need at least this likely, in a message that is mostly such talk, is what the message is about."""
NEED_BESIDE_A_CIRCUMSTANCE = 0.2
"""And so likely where little but a circumstance is told with it."""
SAYS_NO_MORE = ("smalltalk", "out_of_scope", "nlu_fallback", "inform", "correct", "human", "language")
"""What a message may be taken for that only says where or for whom the need before is."""
SAID_BY_ITSELF = ("out_of_scope", "human", "language")
"""What it is all the same where the words beside the place say so: somebody who asks for a person in Ely is given one."""
FEW_WORDS, NEED_OF_FEW_WORDS = 2, 0.8
"""So few words beside a place tell a need by themselves or tell none; and how likely it must be, "and in" being no word of any need."""
NOT_ABOUT_A_PLACE = (*ABOUT_SERVICES, "repeat", "start_again")
"""What is done in the place that is said with it."""
NEW_QUESTION, TOLD_WHERE, SAME_QUESTION = "new", "told_where", "same"
"""What a message about a need is beside the one before: a question of its own, the same now that its place is told, or more of the same."""
SLOTS = ("topic", "place", "outside", "urgent", "language", "shown", "asked_place", "misunderstood", "circumstances", "likely")
"""What the dialogue remembers; ``domain.yml`` says what each is."""


@dataclass(frozen=True)
class Turn:
    """What one message meant, and what the dialogue remembers (Rasa's slots).

    ``rest`` is the intent of its ``rest_words`` words beside those that name a place, tell a circumstance or say for whom it is;
    ``rest`` is None where a need is certain without, both where no words do.
    """

    intent: str
    confidence: float
    ranking: tuple[tuple[str, float], ...]
    urgent: str | None = None
    place: str | None = None
    outside: str | None = None
    said: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    for_child: bool = False
    for_other: bool = False
    also: tuple[str, ...] = ()
    rest: str | None = None
    rest_confidence: float = 0.0
    rest_words: int | None = None
    slots: Mapping[str, Any] = field(default_factory=dict)

    @property
    def says_where(self) -> bool:
        return bool(self.place or self.outside)

    @property
    def has_few_words(self) -> bool:
        return self.rest_words is not None and self.rest_words <= FEW_WORDS

    @property
    def need_in_rest(self) -> str | None:
        """The need that the rest tells by itself."""
        least = NEED_OF_FEW_WORDS if self.has_few_words else NEED_OF_A_PART
        return self.rest if self.rest in NEEDS and self.rest_confidence >= least else None

    @property
    def is_about_the_need_before(self) -> bool:
        """Whether the message does no more than say where, or for whom, the need before is: "ok and what about Soham"."""
        denies = self.intent in {TOPIC_OF_CIRCUMSTANCE.get(code) for code in self.denied}
        if not self.slots.get("topic") or not (self.says_where or self.for_child or self.for_other or denies):
            return False
        if self.rest_words == 0:
            return self.intent not in NOT_ABOUT_A_PLACE
        another = self.rest in SAID_BY_ITSELF and self.rest_confidence >= NEED_OF_A_PART
        few = self.rest is not None and self.has_few_words and self.intent not in NOT_ABOUT_A_PLACE
        says_no_more = self.intent in SAYS_NO_MORE or denies or few
        return says_no_more and not self.need_in_rest and not another


@dataclass(frozen=True)
class Decision:
    """What to answer.

    ``kind`` is ``need``, ``which`` (two needs are as likely), ``place``, ``told`` (only a circumstance was said), ``repeat``,
    ``not_understood``, ``start_again`` or one of ``bot.codes.TALK``. ``focus`` is what of the last answer is asked about:
    ``hours``, ``contact``, ``closer`` or nothing. ``place`` is a key of the gazetteer or ANYWHERE; ``outside`` the English name of
    a place beyond the area; ``offset`` how many services of the topic were shown before; ``ask`` whether to ask for the place.
    ``question`` tells whether it is a question of its own, for those who count them.
    """

    kind: str
    confidence: float
    topic: str | None = None
    also: tuple[str, ...] = ()
    urgent: str | None = None
    place: str | None = None
    outside: str | None = None
    circumstances: tuple[str, ...] = ()
    focus: str = ""
    offset: int = 0
    again: bool = False
    ask: bool = False
    likely: tuple[str, ...] = ()
    misunderstood: int = 0
    question: str = NEW_QUESTION

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def decide(turn: Turn) -> tuple[Decision, dict[str, Any]]:
    """Decide on a turn; give the decision and the slots to set."""
    turn = _with_need_meant(turn)
    circumstances = _circumstances(turn)
    topic = _topic(turn)
    place = turn.place or (None if turn.outside else turn.slots.get("place"))
    outside = turn.outside or (None if turn.place else turn.slots.get("outside"))
    confidence = round(turn.confidence, 2)
    kept: dict[str, Any] = {"circumstances": list(circumstances)}
    if topic:
        decision, slots = _need(turn, topic, place, outside, circumstances, confidence)
        return decision, {**kept, **slots}
    if turn.intent == "start_again":
        cleared = {"topic": None, "place": None, "outside": None, "urgent": None, "shown": 0.0, "asked_place": False, "misunderstood": 0.0}
        return Decision("start_again", confidence), {**cleared, "circumstances": [], "likely": []}
    slots = {**kept, "misunderstood": 0.0}

    def talk(kind: str, **more: Any) -> Decision:
        return Decision(kind, confidence, place=place, circumstances=circumstances, **more)

    if turn.intent in ("inform", *ABOUT_LAST_ANSWER) and turn.says_where:
        return talk("place", outside=turn.outside), {**slots, "place": place, "outside": outside}
    if turn.intent in ("inform", "correct", "nlu_fallback") and (turn.said or turn.denied):
        return talk("told"), slots
    if turn.intent in (*TALK, *ABOUT_SERVICES, "repeat"):
        return talk(turn.intent), slots
    if turn.intent == "correct":
        return talk("not_understood", likely=tuple(turn.slots.get("likely") or ()), misunderstood=1), slots
    times = int(turn.slots.get("misunderstood") or 0) + 1
    return talk("not_understood", likely=_likely_needs(turn)[:2], misunderstood=times), {**kept, "misunderstood": float(times)}


def _with_need_meant(turn: Turn) -> Turn:
    """Give the turn with the need that it is about, where a greeting, a correction, a place or a circumstance told with it hides it."""
    if turn.slots.get("topic") and turn.says_where and turn.rest in ABOUT_SERVICES and turn.rest_confidence >= NEED_OF_A_PART:
        return replace(turn, intent=turn.rest)
    if turn.is_about_the_need_before:
        return replace(turn, intent="correct" if turn.for_child or turn.for_other else "inform")
    parts = dict.fromkeys([*([turn.need_in_rest] if turn.need_in_rest else []), *turn.also])
    others = [name for name in parts if name != turn.intent]
    if turn.intent == "nrpf":
        # What they may have in spite of it is told there, whatever it is.
        return replace(turn, also=tuple(others))
    if turn.intent in {TOPIC_OF_CIRCUMSTANCE.get(code) for code in turn.said}:
        if others:
            return replace(turn, intent=others[0], confidence=NEED_OF_A_PART, also=(turn.intent, *others[1:]))
        second = next(((name, likely) for name, likely in turn.ranking[1:] if name in NEEDS), None)
        if second and second[1] >= SECOND_NEED:
            return replace(turn, intent=second[0], confidence=second[1], also=(turn.intent,))
    if turn.intent == "out_of_scope" and turn.confidence < CERTAIN_NEED and not turn.says_where:
        return replace(turn, intent="nlu_fallback")
    if turn.intent == "out_of_scope" and turn.need_in_rest:
        return replace(turn, intent=turn.need_in_rest, confidence=turn.rest_confidence)
    if turn.intent not in AROUND_A_NEED or turn.for_child:
        return turn
    if others:
        return replace(turn, intent=others[0], confidence=NEED_OF_A_PART)
    likeliest = next(((name, likely) for name, likely in turn.ranking if name in NEEDS), None)
    least = NEED_AMONG_TALK if turn.intent == "smalltalk" else NEED_BESIDE_A_CIRCUMSTANCE
    if likeliest and likeliest[1] >= least and (turn.intent == "smalltalk" or turn.said):
        return replace(turn, intent=likeliest[0], confidence=likeliest[1])
    return turn


def _circumstances(turn: Turn) -> tuple[str, ...]:
    """Give what the person has said of themselves so far and not taken back."""
    told = {*(turn.slots.get("circumstances") or ()), *turn.said} - set(turn.denied)
    return tuple(code for code in CIRCUMSTANCES if code in told)


def _likely_needs(turn: Turn) -> tuple[str, ...]:
    return tuple(name for name, _ in turn.ranking if name in NEEDS)


def _topic(turn: Turn) -> str | None:
    """Give the need in effect: of the urgent words, of the message, or remembered for a follow-up."""
    certain = turn.intent in NEEDS and turn.confidence >= CERTAIN_NEED
    urgent = TOPIC_OF_URGENT.get(turn.urgent or "")
    # The urgent words come first in any case; a need that is certain is then answered, so that a false alarm hides nothing.
    if urgent and not certain:
        return urgent
    if ALONE_CHILD in turn.said:
        return "young_people"
    if turn.intent in NEEDS:
        return turn.intent
    remembered: str | None = turn.slots.get("topic")
    if turn.intent in FOLLOW_UPS and turn.for_child:
        return FOR_A_CHILD.get(remembered or "", remembered)
    if turn.intent in ABOUT_SERVICES:
        # "Back to the food bank, what is their number?"
        return turn.also[0] if turn.also else remembered
    told = turn.says_where or turn.for_other or bool(turn.said or turn.denied)
    return remembered if turn.intent in FOLLOW_UPS and told else None


def _need(
    turn: Turn, topic: str, place: str | None, outside: str | None, circumstances: tuple[str, ...], confidence: float
) -> tuple[Decision, dict[str, Any]]:
    focus = turn.intent if turn.intent in FOCUSES else ""
    again = (turn.intent == "more" or bool(focus)) and not turn.says_where and topic == turn.slots.get("topic")
    offset = int(turn.slots.get("shown") or 0) if turn.intent == "more" and again else 0
    # What comes next is counted in the order of the answer before: tonight's order stays tonight's.
    urgent = turn.slots.get("urgent") if again and not turn.urgent else turn.urgent
    also = _also(turn, topic)
    asked = bool(turn.slots.get("asked_place"))
    matters = topic in PLACE_MATTERS or turn.urgent == "homeless_tonight"
    unknown = not place and not outside
    ask = unknown and (focus == "closer" or (matters and not asked and not again))
    likely = _likely_needs(turn)
    asks_which = _asks_which(turn, topic)
    decision = Decision(
        "which" if asks_which else "need",
        confidence,
        topic=topic,
        also=() if asks_which else also,
        urgent=urgent,
        place=place,
        outside=outside,
        circumstances=circumstances,
        focus=focus,
        offset=offset,
        again=again and not turn.urgent,
        ask=ask,
        likely=likely[:2] if asks_which else (),
        question=SAME_QUESTION if focus else _question(turn, topic, place, outside),
    )
    slots = {
        "topic": topic,
        "place": place,
        "outside": outside,
        "urgent": urgent,
        "shown": float(offset + AT_A_TIME) if not focus else turn.slots.get("shown") or float(AT_A_TIME),
        "asked_place": asked or ask,
        "misunderstood": 0.0,
        "likely": [name for name in likely if name != topic][:2] if turn.intent in NEEDS else turn.slots.get("likely") or [],
    }
    return decision, slots


def _question(turn: Turn, topic: str, place: str | None, outside: str | None) -> str:
    """Tell what a need is beside the one before."""
    before = turn.slots
    if topic != before.get("topic"):
        return NEW_QUESTION
    if (place or outside) and not before.get("place") and not before.get("outside"):
        return TOLD_WHERE
    moved = (place, outside) != (before.get("place"), before.get("outside"))
    return NEW_QUESTION if moved or turn.intent in NEEDS or turn.urgent else SAME_QUESTION


def _asks_which(turn: Turn, topic: str) -> bool:
    """Tell whether two needs are so nearly as likely that the person is asked."""
    first_two = turn.ranking[:2]
    if turn.urgent or turn.intent != topic or turn.also or len(first_two) < 2 or not all(name in NEEDS for name, _ in first_two):
        return False
    (_, first), (_, second) = first_two
    return first < CERTAIN_NEED and second >= NEARLY_AS_LIKELY * first


def _also(turn: Turn, topic: str) -> tuple[str, ...]:
    """Give the further needs of the same message."""
    if turn.urgent or turn.intent not in NEEDS:
        return ()
    if turn.intent != topic:
        return (turn.intent,) if turn.confidence >= CERTAIN_NEED else ()
    second = tuple(name for name, likely in turn.ranking[1:3] if name in NEEDS and name != topic and likely >= SECOND_NEED)
    return tuple(dict.fromkeys((*(name for name in turn.also if name != topic), *second)))[:2]
