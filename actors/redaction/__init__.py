"""What keeps a caller's secrets from leaving a session's process: the redactor by patterns, and what applies one to messages and logs."""

from actors.redaction.logs import LogRedaction, redact_logs
from actors.redaction.making import make_redactor
from actors.redaction.redactor import PatternRedactor
from actors.redaction.values import Redact, redact_for, redacted, redacted_json

__all__ = ["LogRedaction", "PatternRedactor", "Redact", "make_redactor", "redact_for", "redact_logs", "redacted", "redacted_json"]
