"""What Rasa imports when it starts and nothing of ours uses is left out of its process: it takes most of the memory and the time.

``config.yml`` has no component that learns with TensorFlow, and the one way into Rasa is a channel of ours; but Rasa's own modules
import TensorFlow, and a client of every messenger and database it knows, at their head (rasa 3.6.21: utils/tensorflow/callback.py:5,
core/channels/__init__.py:13). In the place of each stands an empty package. What its name is good for, to be a base class or to stand
in an annotation, it is still good for; whatever calls it gets an error that says what to do.
"""

import sys
from collections.abc import Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from bot.errors import SetUpError

NEVER_USED = frozenset(
    (
        *("tensorflow", "sklearn", "matplotlib"),  # training, its evaluation and its pictures
        "rasa.graph_components.validators.default_recipe_validator",  # looks at training data, and imports every component there is
        *("aiogram", "slack_sdk", "socketio", "twilio", "webexteamssdk"),  # channels
        *("boto3", "pymongo"),  # tracker stores, and models kept elsewhere
        "sentry_sdk",  # Rasa's telemetry, which is off
    )
)


class _Name(type):
    """The type of whatever is asked of a package that is left out: its names lead to itself, and calling it is an error."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return cls

    def __call__(cls, *given: Any, **more: Any) -> Any:
        raise SetUpError(f"{cls.__module__}.{cls.__name__} needs a package that is left out of Rasa's process: see bot/nlu/left_out.py.")


class _Package(ModuleType):
    """An empty package. Names that Python itself looks for are not there."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _Name(name, (), {"__module__": self.__name__})


class _Finder(MetaPathFinder, Loader):
    """Finds the packages that are left out, and all that may be in them, before they are looked for on the disk."""

    def __init__(self, packages: Iterable[str]) -> None:
        self.packages = frozenset(packages)

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        parts = fullname.split(".")
        left_out = any(".".join(parts[:end]) in self.packages for end in range(1, len(parts) + 1))
        return ModuleSpec(fullname, self, is_package=True) if left_out else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Package(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""


def leave_out() -> None:
    """Leave out of this process whatever of NEVER_USED it has not imported yet."""
    sys.meta_path.insert(0, _Finder(NEVER_USED - set(sys.modules)))
