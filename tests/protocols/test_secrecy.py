"""Secrets are found where people put them, and nothing else is taken for one."""

import re
from typing import Any

import pytest

from protocols import InvalidAgentError, require_no_secret
from protocols.secrecy import find_secret


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"model": "m", "api_key": "k"}, "api_key"),
        ({"apiKey": "k"}, "apiKey"),
        ({"X-API-Key": b"k"}, "X-API-Key"),
        ({"openai_api_key": "k"}, "openai_api_key"),
        ({"token": "t"}, "token"),
        ({"room_token": "t"}, "room_token"),
        ({"livekit_api_secret": "s"}, "livekit_api_secret"),
        ({"password": "p"}, "password"),
        ({"headers": {"Accept": "x", "Authorization": "Basic eA=="}}, "headers.Authorization"),
        ({"aws": {"session": {"credentials": "c"}}}, "aws.session.credentials"),
        ({"extra": "Bearer 0123456789"}, "extra"),
        ({"extra": "sk-proj0123456789"}, "extra"),
        ({"extra": "sk-proj-ab-0123456789"}, "extra"),
        ({"extra": "sk-ant-api03-0123456789"}, "extra"),
        ({"extra": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}, "extra"),
    ],
)
def test_a_secret_is_found(options: dict[str, Any], place: str) -> None:
    assert find_secret(options) == place
    with pytest.raises(InvalidAgentError, match=re.escape(f"llm.{place} looks like a secret") + r", .*name the environment variable"):
        require_no_secret("llm", options)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"model": "gpt", "max_tokens": 100, "token": 5, "api_key": ""},
        {"api_key_env": "OPENAI_API_KEY", "prompt_cache_key": "c", "eos_token": "</s>"},
        {"voice": b"sk-0123456789", "text": "ask-me-anything"},
        {"language": "sk-SK", "voice": "sk-SK-ViktoriaNeural"},
        {"intents": [{"arguments": {"password": "{password}"}}], "vocabularies": {"password": {"one": ["two"]}}},
    ],
)
def test_what_is_none_is_left_alone(options: dict[str, Any]) -> None:
    assert find_secret(options) == ""
    require_no_secret("llm", options)
