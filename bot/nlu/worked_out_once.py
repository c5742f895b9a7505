"""What never changes and Rasa works out anew for each message is worked out once.

For every answer of the action server Rasa's ``jsonschema.validate`` first validates the schema itself: sixty per cent of the time a
message spends in Rasa (py-spy, rasa 3.6.21, core/actions/action.py:699). For every event that it reads, it looks through all classes
of events: thirty per cent in a long conversation (shared/core/events.py:379).
"""

from typing import Any

from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event
from rasa.shared.utils.common import all_subclasses

_SCHEMA = RemoteAction.action_response_format_spec()
_VALIDATOR = validator_for(_SCHEMA)(_SCHEMA)
_look_through = Event.resolve_by_type
# Of two with one name Rasa takes the first.
_EVENTS: dict[str, type[Event]] = {kind.type_name: kind for kind in reversed(all_subclasses(Event))}


def _validate(_action: RemoteAction, result: dict[str, Any]) -> bool:
    """Raise jsonschema's ValidationError where ``result`` is not what an action server answers."""
    _VALIDATOR.validate(result)
    return True


def _resolve(type_name: str, default: type[Event] | None = None) -> type[Event] | None:
    """Give the class of events of this name, as Rasa does, who is asked about a name that is not known."""
    return _EVENTS.get(type_name) or _look_through(type_name, default)


def work_out_once() -> None:
    """Put what is made here in the place of Rasa's."""
    RemoteAction._validate_action_result = _validate
    Event.resolve_by_type = staticmethod(_resolve)
