"""What a turn is answered with: the need in effect, the place in effect, and what is remembered for the next turn."""

import json
from typing import Any

import msgspec
import pytest

from bot.answers.dialogue import (
    ANYWHERE,
    AT_A_TIME,
    NEW_QUESTION,
    SAME_QUESTION,
    SLOTS,
    TOLD_WHERE,
    Decision,
    Turn,
    decide,
)
from bot.codes import NEEDS, PLACE_MATTERS, TALK, TOPIC_OF_URGENT, URGENT
from tests.builders import a_turn


def after(*turns: dict[str, Any]) -> tuple[Decision, dict[str, Any]]:
    """Decide on turns one after the other, each given as ``a_turn`` has it; give the last decision and what is remembered."""
    slots: dict[str, Any] = {}
    decision = None
    for turn in turns:
        decision, new = decide(a_turn(**turn, slots=slots))
        slots.update(new)
    assert decision is not None
    return decision, slots


@pytest.mark.parametrize("need", NEEDS)
def test_a_need_is_answered_with_its_topic(need: str) -> None:
    decision, slots = after({"intent": need})
    assert (decision.kind, decision.topic, decision.offset) == ("need", need, 0)
    assert slots["topic"] == need


@pytest.mark.parametrize("intent", TALK)
def test_talk_is_answered_as_talk_and_is_no_topic(intent: str) -> None:
    decision, slots = after({"intent": "food"}, {"intent": intent})
    assert (decision.kind, decision.topic) == (intent, None)
    assert slots["topic"] == "food"


@pytest.mark.parametrize("need", sorted(PLACE_MATTERS))
def test_the_place_is_asked_where_it_matters_and_only_once(need: str) -> None:
    first, _ = after({"intent": need})
    second, _ = after({"intent": need}, {"intent": "library"})
    later, _ = after({"intent": need}, {"intent": "smalltalk"}, {"intent": need})
    assert (first.ask, second.ask, later.ask) == (True, False, False)


@pytest.mark.parametrize("need", sorted(set(NEEDS) - PLACE_MATTERS))
def test_the_place_is_not_asked_where_it_does_not_matter(need: str) -> None:
    assert not after({"intent": need})[0].ask
    assert after({"intent": need}, {"intent": "food"})[0].ask


@pytest.mark.parametrize("known", [{"place": "wisbech"}, {"place": ANYWHERE}, {"outside": "Norwich"}])
def test_the_place_is_not_asked_when_it_was_said(known: dict[str, str]) -> None:
    assert not after({"intent": "housing", **known})[0].ask


def test_somebody_with_nowhere_to_sleep_is_asked_where_they_are() -> None:
    assert after({"intent": "emergency", "urgent": "homeless_tonight"})[0].ask


def test_after_starting_again_the_place_is_asked_again_and_nothing_is_remembered() -> None:
    decision, slots = after({"intent": "housing", "place": "wisbech"}, {"intent": "nlu_fallback"}, {"intent": "start_again"})
    assert (decision.kind, decision.place) == ("start_again", None)
    assert not any(slots.values())
    assert after({"intent": "housing"}, {"intent": "start_again"}, {"intent": "food"})[0].ask


def test_a_place_said_alone_answers_the_need_that_was_asked() -> None:
    decision, slots = after({"intent": "housing"}, {"intent": "inform", "place": "wisbech"})
    assert (decision.kind, decision.topic, decision.place, decision.offset) == ("need", "housing", "wisbech", 0)
    assert slots["place"] == "wisbech"


def test_a_place_that_was_not_understood_as_an_answer_still_answers_the_need() -> None:
    decision, _ = after({"intent": "housing"}, {"intent": "nlu_fallback", "place": "wisbech"})
    assert (decision.kind, decision.topic, decision.place) == ("need", "housing", "wisbech")


def test_a_place_before_any_need_is_remembered_for_the_need_that_follows() -> None:
    first, slots = after({"intent": "inform", "place": "ely"})
    assert (first.kind, first.place, slots["place"]) == ("place", "ely", "ely")
    assert after({"intent": "inform", "place": "ely"}, {"intent": "food"})[0].place == "ely"


def test_the_place_carries_over_to_the_next_need_and_can_be_corrected() -> None:
    turns: list[dict[str, Any]] = [{"intent": "housing", "place": "wisbech"}, {"intent": "food"}]
    assert (after(*turns)[0].topic, after(*turns)[0].place) == ("food", "wisbech")
    turns.append({"intent": "inform", "place": "ely"})
    assert (after(*turns)[0].topic, after(*turns)[0].place) == ("food", "ely")
    turns.append({"intent": "library"})
    assert (after(*turns)[0].topic, after(*turns)[0].place) == ("library", "ely")


def test_somebody_may_say_that_the_place_does_not_matter_and_then_name_one() -> None:
    decision, slots = after({"intent": "housing"}, {"intent": "inform", "place": ANYWHERE})
    assert (decision.place, decision.ask, slots["place"]) == (ANYWHERE, False, ANYWHERE)
    assert after({"intent": "housing", "place": ANYWHERE}, {"intent": "inform", "place": "ely"})[0].place == "ely"


def test_a_place_outside_the_area_is_never_mapped_inside() -> None:
    decision, slots = after({"intent": "housing", "place": "wisbech"}, {"intent": "inform", "outside": "Norwich"})
    assert (decision.topic, decision.place, decision.outside) == ("housing", None, "Norwich")
    assert slots["place"] is None


def test_of_a_place_inside_and_one_outside_the_one_inside_is_in_effect() -> None:
    assert after({"intent": "housing", "place": "wisbech", "outside": "Norwich"})[0].place == "wisbech"


def test_more_goes_on_where_the_last_answer_stopped() -> None:
    turns: list[dict[str, Any]] = [{"intent": "housing", "place": "wisbech"}]
    for page in (1, 2, 3):
        turns.append({"intent": "more"})
        decision, _ = after(*turns)
        assert (decision.topic, decision.place, decision.offset, decision.again) == ("housing", "wisbech", page * AT_A_TIME, True)


def test_another_need_starts_at_its_beginning_again() -> None:
    assert after({"intent": "housing"}, {"intent": "more"}, {"intent": "food"})[0].offset == 0
    assert after({"intent": "housing"}, {"intent": "more"}, {"intent": "food"}, {"intent": "more"})[0].offset == AT_A_TIME


@pytest.mark.parametrize("elsewhere", [{"place": "ely"}, {"outside": "Norwich"}])
def test_more_for_another_place_starts_at_its_beginning(elsewhere: dict[str, str]) -> None:
    decision, _ = after({"intent": "housing", "place": "wisbech"}, {"intent": "more", **elsewhere})
    assert decision.topic == "housing"
    assert decision.offset == 0


def test_more_before_anything_was_asked_is_answered_with_what_can_be_asked() -> None:
    decision, _ = after({"intent": "more"})
    assert (decision.kind, decision.topic) == ("more", None)


@pytest.mark.parametrize(
    ("ranking", "also"),
    [
        ((("housing", 0.5), ("esol", 0.4)), ("esol",)),
        ((("housing", 0.38), ("esol", 0.28), ("food", 0.31)), ("food",)),
        ((("housing", 0.6), ("esol", 0.2)), ()),
        ((("housing", 0.55), ("smalltalk", 0.4)), ()),
        ((("housing", 0.55), ("inform", 0.4)), ()),
    ],
    ids=["second need", "third", "unlikely", "talk", "a place"],
)
def test_a_second_need_of_the_same_message_is_answered_when_it_is_likely(
    ranking: tuple[tuple[str, float], ...], also: tuple[str, ...]
) -> None:
    decision, _ = after({"intent": "housing", "confidence": ranking[0][1], "ranking": ranking})
    assert decision.also == also


def test_beside_an_urgent_need_no_second_need_is_answered() -> None:
    ranking = (("housing", 0.5), ("esol", 0.4))
    assert after({"intent": "housing", "ranking": ranking, "urgent": "homeless_tonight"})[0].also == ()


@pytest.mark.parametrize(
    ("intent", "confidence", "urgent", "topic"),
    [
        ("esol", 0.95, "homeless_tonight", "esol"),
        ("esol", 0.4, "homeless_tonight", "housing"),
        ("smalltalk", 0.95, "homeless_tonight", "housing"),
        ("nlu_fallback", 0.1, "homeless_tonight", "housing"),
        ("nlu_fallback", 0.1, "emergency", "emergency"),
        ("out_of_scope", 0.95, "emergency", "emergency"),
        ("health", 0.8, "emergency", "health"),
        ("health", 0.4, "emergency", "emergency"),
        ("start_again", 0.9, "emergency", "emergency"),
    ],
)
def test_an_urgent_need_is_answered_whatever_else_was_understood(intent: str, confidence: float, urgent: str, topic: str) -> None:
    decision, _ = after({"intent": intent, "confidence": confidence, "urgent": urgent})
    assert (decision.kind, decision.urgent, decision.topic) == ("need", urgent, topic)


def test_what_is_not_understood_is_counted_in_a_row() -> None:
    unclear = {"intent": "nlu_fallback", "confidence": 0.2}
    assert after(unclear)[0].misunderstood == 1
    assert after(unclear, unclear)[0].misunderstood == 2
    for understood in ({"intent": "food"}, {"intent": "smalltalk"}, {"intent": "inform", "place": "ely"}):
        assert after(unclear, understood, unclear)[0].misunderstood == 1


def test_what_is_not_understood_brings_the_likeliest_needs_and_nothing_else() -> None:
    ranking = (("smalltalk", 0.25), ("food", 0.2), ("inform", 0.15), ("work", 0.1), ("school", 0.05))
    decision, _ = after({"intent": "nlu_fallback", "ranking": ranking})
    assert (decision.kind, decision.likely) == ("not_understood", ("food", "work"))


def test_something_unclear_does_not_forget_the_need_and_the_place() -> None:
    decision, _ = after({"intent": "housing", "place": "wisbech"}, {"intent": "nlu_fallback"}, {"intent": "more"})
    assert (decision.topic, decision.place, decision.offset) == ("housing", "wisbech", AT_A_TIME)


def test_to_inform_of_nothing_is_not_understood() -> None:
    assert after({"intent": "housing"}, {"intent": "inform"})[0].kind == "not_understood"


def test_only_slots_that_are_remembered_are_set() -> None:
    turns = [a_turn(intent) for intent in (*NEEDS, *TALK, "inform", "more", "start_again", "nlu_fallback")]
    for turn in [*turns, a_turn("inform", place="ely"), Turn("food", 0.9, ())]:
        assert set(decide(turn)[1]) <= set(SLOTS)


def test_a_decision_comes_through_rasa_as_it_went_in() -> None:
    ranking = (("housing", 0.5), ("esol", 0.4))
    decision, _ = after({"intent": "housing", "place": "wisbech", "confidence": 0.5, "ranking": ranking})
    assert msgspec.convert(json.loads(json.dumps(decision.as_json())), Decision) == decision


def test_a_question_about_the_answer_before_keeps_its_need_and_place() -> None:
    decision, _ = after({"intent": "esol", "place": "ely"}, {"intent": "hours"})
    assert (decision.kind, decision.topic, decision.place, decision.focus) == ("need", "esol", "ely", "hours")
    assert not decision.ask


@pytest.mark.parametrize("intent", ["hours", "contact", "closer", "repeat"])
def test_a_question_about_no_answer_before_is_no_need(intent: str) -> None:
    decision, _ = after({"intent": intent})
    assert (decision.kind, decision.topic) == (intent, None)


def test_something_closer_asks_where_the_person_is_when_nobody_knows() -> None:
    assert after({"intent": "legal"}, {"intent": "closer"})[0].ask
    assert not after({"intent": "legal", "place": "ely"}, {"intent": "closer"})[0].ask


def test_more_after_a_question_about_the_answer_goes_on_where_it_stood() -> None:
    decision, _ = after({"intent": "esol", "place": "ely"}, {"intent": "contact"}, {"intent": "more"})
    assert decision.offset == AT_A_TIME


def test_what_is_said_of_the_situation_stays_until_it_is_taken_back() -> None:
    decision, slots = after({"intent": "housing", "said": ("nrpf",)}, {"intent": "food"})
    assert decision.circumstances == ("nrpf",)
    decision, _ = after({"intent": "housing", "said": ("nrpf", "refused")}, {"intent": "inform", "denied": ("nrpf",)})
    assert (decision.kind, decision.topic, decision.circumstances) == ("need", "housing", ("refused",))
    assert slots["circumstances"] == ["nrpf"]
    assert after({"intent": "housing", "said": ("nrpf",)}, {"intent": "start_again"})[0].circumstances == ()


def test_a_situation_told_before_any_need_is_acknowledged() -> None:
    decision, _ = after({"intent": "inform", "said": ("asylum_seeker",)})
    assert (decision.kind, decision.circumstances) == ("told", ("asylum_seeker",))


@pytest.mark.parametrize("intent", ["inform", "housing", "nlu_fallback", "esol"])
def test_a_child_alone_leads_to_childrens_services(intent: str) -> None:
    decision, _ = after({"intent": intent, "said": ("unaccompanied_child",)})
    assert decision.topic == "young_people"
    assert decision.also == (() if intent in ("inform", "nlu_fallback") else (intent,))


@pytest.mark.parametrize(("need", "becomes"), [("esol", "school"), ("work", "young_people"), ("health", "health")])
def test_a_need_that_turns_out_to_be_for_a_child(need: str, becomes: str) -> None:
    assert after({"intent": need}, {"intent": "correct", "for_child": True})[0].topic == becomes


def test_a_correction_of_the_place_keeps_the_need() -> None:
    decision, _ = after({"intent": "food", "place": "ely"}, {"intent": "correct", "place": "wisbech"})
    assert (decision.topic, decision.place) == ("food", "wisbech")


def test_a_correction_that_says_no_more_brings_what_came_second() -> None:
    decision, _ = after({"intent": "food", "ranking": (("food", 0.7), ("money", 0.2))}, {"intent": "correct"})
    assert (decision.kind, decision.likely) == ("not_understood", ("money",))


def test_between_two_needs_the_person_is_asked() -> None:
    decision, slots = after({"intent": "school", "confidence": 0.4, "ranking": (("school", 0.4), ("young_people", 0.35))})
    assert (decision.kind, decision.topic, decision.likely) == ("which", "school", ("school", "young_people"))
    assert slots["topic"] == "school"


def test_two_needs_told_in_two_parts_are_both_answered() -> None:
    decision, _ = after({"intent": "health", "confidence": 0.45, "ranking": (("health", 0.45), ("esol", 0.4)), "also": ("health", "esol")})
    assert (decision.kind, decision.topic, decision.also) == ("need", "health", ("esol",))


@pytest.mark.parametrize("kind", URGENT)
def test_what_is_urgent_breaks_into_anything(kind: str) -> None:
    decision, _ = after({"intent": "esol", "place": "ely"}, {"intent": "hours", "urgent": kind})
    assert (decision.urgent, decision.topic, decision.again) == (kind, TOPIC_OF_URGENT[kind], False)


def test_a_circumstance_told_with_a_need_is_not_the_need() -> None:
    decision, _ = after({"intent": "ukraine", "said": ("homes_for_ukraine",), "also": ("school",)})
    assert (decision.topic, decision.also) == ("school", ("ukraine",))
    assert after({"intent": "ukraine", "said": ("homes_for_ukraine",)})[0].topic == "ukraine"


def test_a_question_for_a_place_beyond_the_area_goes_on_with_the_need() -> None:
    london = {"intent": "out_of_scope", "confidence": 0.8, "outside": "London"}
    assert after({"intent": "health"}, london)[0].topic == "health"
    assert after(london)[0].kind == "out_of_scope"
    weather = {**london, "rest": "out_of_scope", "rest_confidence": 0.9, "rest_words": 3}
    assert after({"intent": "health"}, weather)[0].kind == "out_of_scope"


@pytest.mark.parametrize("taken_for", ["smalltalk", "out_of_scope", "nlu_fallback", "inform", "correct"])
def test_a_place_with_small_words_round_it_goes_on_with_the_need(taken_for: str) -> None:
    soham = {"intent": taken_for, "confidence": 0.8, "place": "soham", "rest": "smalltalk", "rest_confidence": 0.7, "rest_words": 5}
    decision, _ = after({"intent": "internet", "place": "ely"}, soham)
    assert (decision.kind, decision.topic, decision.place) == ("need", "internet", "soham")
    assert after({"intent": "internet"}, {**soham, "rest": "food"})[0].topic == "food"


@pytest.mark.parametrize("taken_for", ["correct", "smalltalk", "inform"])
def test_a_need_that_turns_out_to_be_for_another_adult_stays(taken_for: str) -> None:
    decision, _ = after({"intent": "work", "place": "ely"}, {"intent": taken_for, "for_other": True, "rest": "correct", "rest_words": 3})
    assert (decision.kind, decision.topic, decision.place) == ("need", "work", "ely")


@pytest.mark.parametrize("wish", ["human", "language", "out_of_scope"])
def test_who_asks_for_a_person_with_a_place_is_given_one(wish: str) -> None:
    asked = {"intent": wish, "place": "ely", "rest": wish, "rest_confidence": 0.9, "rest_words": 5}
    assert after({"intent": "food"}, asked)[0].kind == wish


def test_what_may_be_had_in_spite_of_no_recourse_is_told_there() -> None:
    decision, _ = after({"intent": "nrpf", "said": ("nrpf",), "rest": "money", "rest_confidence": 0.9, "rest_words": 6})
    assert (decision.topic, decision.also) == ("nrpf", ("money",))


def test_what_is_left_beside_a_circumstance_tells_the_need() -> None:
    decision, _ = after({"intent": "hong_kong", "said": ("hong_kong_bno",), "rest": "work", "rest_confidence": 0.9, "rest_words": 2})
    assert (decision.topic, decision.also) == ("work", ("hong_kong",))


def test_another_need_with_a_place_is_another_need() -> None:
    certain = {"intent": "health", "confidence": 0.97, "place": "ely", "rest_words": 2}
    assert after({"intent": "esol"}, certain)[0].topic == "health"
    doubtful = {**certain, "confidence": 0.5, "rest": "smalltalk", "rest_confidence": 0.4}
    assert after({"intent": "esol"}, doubtful)[0].topic == "esol"
    assert after({"intent": "esol"}, {**doubtful, "rest": "health", "rest_confidence": 0.7})[0].topic == "esol"
    assert after({"intent": "esol"}, {**doubtful, "rest": "health", "rest_confidence": 0.9})[0].topic == "health"


def test_back_to_an_earlier_need_and_its_hours_in_one_message() -> None:
    decision, slots = after({"intent": "food"}, {"intent": "school"}, {"intent": "contact", "also": ("food",)})
    assert (decision.topic, decision.focus, decision.again, slots["topic"]) == ("food", "contact", False, "food")


@pytest.mark.parametrize("around", ["smalltalk", "inform", "correct"])
def test_a_need_told_with_a_greeting_or_a_correction_is_answered(around: str) -> None:
    assert after({"intent": "school"}, {"intent": around, "also": ("health",)})[0].topic == "health"


def test_a_greeting_hides_no_likely_need() -> None:
    assert after({"intent": "smalltalk", "ranking": (("smalltalk", 0.7), ("work", 0.2))})[0].topic == "work"
    assert after({"intent": "smalltalk", "ranking": (("smalltalk", 0.9), ("work", 0.05))})[0].topic is None


def test_what_is_hardly_out_of_scope_is_not_understood_and_the_second_time_a_person_is_offered() -> None:
    unclear = {"intent": "out_of_scope", "confidence": 0.4}
    decision, _ = after(unclear, unclear)
    assert (decision.kind, decision.misunderstood) == ("not_understood", 2)


FOOD, IN_ELY = {"intent": "food"}, {"intent": "inform", "place": "ely"}


@pytest.mark.parametrize(
    ("turns", "question"),
    [
        ([FOOD], NEW_QUESTION),
        ([{"intent": "food", "place": "ely"}], NEW_QUESTION),
        ([FOOD, IN_ELY], TOLD_WHERE),
        ([FOOD, {"intent": "food", "place": "ely"}], TOLD_WHERE),
        ([FOOD, {"intent": "inform", "outside": "Norwich"}], TOLD_WHERE),
        ([FOOD, IN_ELY, {"intent": "inform", "place": "soham"}], NEW_QUESTION),
        ([FOOD, IN_ELY, {"intent": "work"}], NEW_QUESTION),
        ([FOOD, IN_ELY, FOOD], NEW_QUESTION),
        ([FOOD, {"intent": "more"}], SAME_QUESTION),
        ([FOOD, {"intent": "contact"}], SAME_QUESTION),
        ([FOOD, {"intent": "closer", "place": "ely"}], SAME_QUESTION),
        ([FOOD, {"intent": "inform", "said": ("refugee",)}], SAME_QUESTION),
        ([FOOD, {"intent": "inform", "urgent": "homeless_tonight"}], NEW_QUESTION),
    ],
)
def test_a_question_is_told_from_what_belongs_to_the_one_before(turns: list[dict[str, Any]], question: str) -> None:
    assert after(*turns)[0].question == question
