"""Checking what the action server answers, without checking the check anew for each message.

Rasa validates every answer with ``jsonschema.validate``, which first validates the schema itself: sixty per cent of the time a message
spends in Rasa (py-spy, rasa 3.6.21, core/actions/action.py:699). The schema never changes, so its validator is made once.
"""

from typing import Any

from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction

_SCHEMA = RemoteAction.action_response_format_spec()
_VALIDATOR = validator_for(_SCHEMA)(_SCHEMA)


def _validate(_action: RemoteAction, result: dict[str, Any]) -> bool:
    """Raise jsonschema's ValidationError where ``result`` is not what an action server answers."""
    _VALIDATOR.validate(result)
    return True


def check_schema_once() -> None:
    """Put the made validator in the place of Rasa's."""
    RemoteAction._validate_action_result = _validate
