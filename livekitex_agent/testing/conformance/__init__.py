"""Conformance suites: what each contract of a provider promises, as named checks that any implementation can run.

Part of livekitex-agent. A suite is a module (`stt`, `llm`, `tts`, `vad`, `turn_detector`, `realtime`) with its ``CHECKS`` and the subject
that they take. A check is called with the subject, and raises `ConformanceError` with what the provider does and has to do.
"""

from livekitex_agent.testing.conformance.suite import Check, ConformanceError

__all__ = ["Check", "ConformanceError"]
