"""The states of a handover, and who may change which into which."""

NONE, WAITING, WITH_STAFF, MESSAGE_LEFT, ANSWERED, CLOSED = "none", "waiting", "with_staff", "message_left", "answered", "closed"

VISITOR, STAFF, SYSTEM = "visitor", "staff", "system"
"""Who changes a state."""

TRANSITIONS: dict[tuple[str, str], frozenset[str]] = {
    (NONE, WAITING): frozenset({VISITOR}),
    (NONE, MESSAGE_LEFT): frozenset({VISITOR}),
    (NONE, WITH_STAFF): frozenset({STAFF}),  # started at a library's desk, or its code is shown there
    (WAITING, WITH_STAFF): frozenset({STAFF}),
    (WAITING, NONE): frozenset({VISITOR}),
    (WAITING, MESSAGE_LEFT): frozenset({VISITOR, SYSTEM}),  # the visitor, or the day, is gone: what was written stays a message
    (WAITING, CLOSED): frozenset({STAFF}),
    (WITH_STAFF, WAITING): frozenset({STAFF, SYSTEM}),  # put back, or its holder is gone
    (WITH_STAFF, NONE): frozenset({VISITOR, STAFF, SYSTEM}),  # handed back to the bot; or begun at a desk, and nobody ever came
    (WITH_STAFF, ANSWERED): frozenset({STAFF}),  # a message that was left
    (WITH_STAFF, CLOSED): frozenset({STAFF}),
    (MESSAGE_LEFT, WAITING): frozenset({VISITOR}),
    (MESSAGE_LEFT, NONE): frozenset({VISITOR}),  # taken back
    (MESSAGE_LEFT, WITH_STAFF): frozenset({STAFF}),
    (MESSAGE_LEFT, CLOSED): frozenset({STAFF}),
    (ANSWERED, MESSAGE_LEFT): frozenset({VISITOR}),
    (ANSWERED, WAITING): frozenset({VISITOR}),
    (ANSWERED, WITH_STAFF): frozenset({STAFF}),  # its visitor shows the code at a library's desk
    (CLOSED, WITH_STAFF): frozenset({STAFF}),
    (CLOSED, WAITING): frozenset({VISITOR}),
    (CLOSED, MESSAGE_LEFT): frozenset({VISITOR}),
}
"""Every change there is: from a state to another, and by whom. Nothing else ever happens to a handover."""

OPEN = frozenset({WAITING, WITH_STAFF, MESSAGE_LEFT})
"""States in which something is left to do for staff."""

TOLD = {ANSWERED: CLOSED}
"""What the chat API calls a state that it has no word of its own for: staff have answered, and the bot goes on."""
