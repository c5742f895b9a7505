"""The state machine itself: what may follow what."""

from bot.handover.states import ANSWERED, CLOSED, MESSAGE_LEFT, NONE, OPEN, STAFF, SYSTEM, TOLD, TRANSITIONS, VISITOR, WAITING, WITH_STAFF

TOLD_BY_THE_API = {"none", "waiting", "with_staff", "message_left", "closed"}


def test_every_state_can_be_reached_and_left() -> None:
    states = {NONE, WAITING, WITH_STAFF, MESSAGE_LEFT, ANSWERED, CLOSED}
    assert {before for before, _ in TRANSITIONS} == states
    assert {after for _, after in TRANSITIONS} == states


def test_only_staff_take_a_chat_and_only_staff_end_one() -> None:
    for (before, after), actors in TRANSITIONS.items():
        if after in (WITH_STAFF, CLOSED, ANSWERED):
            assert actors == {STAFF}, (before, after)


def test_nothing_goes_to_staff_by_itself_and_nothing_of_a_visitors_is_thrown_away_by_itself() -> None:
    by_itself = {change for change, actors in TRANSITIONS.items() if SYSTEM in actors}
    # A chat begun at a library's desk that nobody opened holds nothing of a visitor's.
    assert {after for before, after in by_itself - {(WITH_STAFF, NONE)}} == {WAITING, MESSAGE_LEFT}
    assert {WAITING, MESSAGE_LEFT} <= OPEN


def test_the_visitor_can_always_go_back_to_the_bot() -> None:
    assert VISITOR in TRANSITIONS[WAITING, NONE]
    assert VISITOR in TRANSITIONS[WITH_STAFF, NONE]


def test_the_api_has_a_word_for_every_state() -> None:
    for state in {before for before, _ in TRANSITIONS}:
        assert TOLD.get(state, state) in TOLD_BY_THE_API
