import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from actors.redaction import PatternRedactor, redact_for, redact_logs
from livekitex_agent.launcher.logs import configure_logs
from protocols import RedactionSink

CARD = "4111 1111 1111 1111"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What a handler of the process writes, as its logs are configured, behind the redactor."""
    root, before, level = logging.root, list(logging.root.handlers), logging.root.level
    configure_logs("info")
    stream = io.StringIO()
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    undo = redact_logs(redact_for(PatternRedactor(), RedactionSink.LOG))
    yield stream
    undo()
    assert handler.filters == []
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def fail(failure: Exception) -> None:
    raise failure


def test_nothing_of_a_card_is_written_whoever_logs_it(written: io.StringIO) -> None:
    log = logging.getLogger("somebodys.tool")
    log.warning("paid with %s", CARD)
    log.warning("paid", extra={"card": CARD, "cards": [CARD], "amount": 9})
    try:
        try:
            fail(ValueError(f"no such card: {CARD}"))
        except ValueError as failure:
            raise RuntimeError("not paid") from failure
    except RuntimeError:
        log.exception("the tool failed")
    structlog.get_logger().warning("paid with", card=CARD)
    text = written.getvalue()
    assert "1111" not in text
    assert text.count("[card]") == 5
    assert "amount=9" in text
    assert "RuntimeError: not paid" in text
    assert "in fail" in text


def test_other_entries_are_as_they_were(written: io.StringIO) -> None:
    try:
        fail(KeyError("price"))
    except KeyError:
        logging.getLogger("x").exception("%d%% of %s", 50, "9.99")
    text = written.getvalue()
    assert "50% of 9.99" in text
    assert "KeyError: 'price'" in text
