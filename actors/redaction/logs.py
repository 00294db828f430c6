"""The log of a process behind a redactor: what its handlers write, whoever logs it, with all that the entry says and the traceback."""

import logging
import traceback
from collections.abc import Callable

from actors.redaction.values import Redact, redacted

_ITS_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class LogRedaction(logging.Filter):
    """Makes each entry what may be written. For handlers, which see all entries whole."""

    def __init__(self, redact: Redact) -> None:
        super().__init__()
        self._redact = redact

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the message with its arguments, what else is said in it, and its exception; the entry is always written."""
        if isinstance(record.msg, dict):  # an entry with fields, which its formatter puts into words
            record.msg = redacted(record.msg, self._redact)
        else:
            record.msg, record.args = self._redact(record.getMessage()), None
        for name in record.__dict__.keys() - _ITS_OWN:
            setattr(record, name, redacted(getattr(record, name), self._redact))
        if record.exc_info and record.exc_info[0] is not None:
            text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            left = self._redact(text)
            if left != text:
                record.exc_info, record.exc_text = None, left
                record.exception = left
        return True


def redact_logs(redact: Redact) -> Callable[[], None]:
    """Put all handlers of this process behind ``redact``; what is returned undoes it."""
    redaction, handlers = LogRedaction(redact), list(logging.root.handlers)
    for handler in handlers:
        handler.addFilter(redaction)

    def undo() -> None:
        for handler in handlers:
            handler.removeFilter(redaction)

    return undo
