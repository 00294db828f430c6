"""Puts a job's fields on the records of its process's log."""

import logging
from collections.abc import Callable, Mapping
from typing import Any


class LogFields(logging.Filter):
    """Adds what ``fields`` gives at that moment to each record, but never over what it has."""

    def __init__(self, fields: Callable[[], Mapping[str, Any]]) -> None:
        super().__init__()
        self._fields = fields
        self._handlers: tuple[logging.Handler, ...] = ()

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record pass."""
        for key, value in self._fields().items():
            if not hasattr(record, key):
                setattr(record, key, value)
        return True

    def attach(self) -> None:
        """Begin, with the handlers that the root logger has now."""
        self._handlers = tuple(logging.getLogger().handlers)
        for handler in self._handlers:
            handler.addFilter(self)

    def detach(self) -> None:
        """End."""
        for handler in self._handlers:
            handler.removeFilter(self)
        self._handlers = ()
