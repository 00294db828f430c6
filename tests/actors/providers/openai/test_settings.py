"""Where a service is and by which key it is asked; what a provider refuses when it is made."""

import inspect
import re
from typing import Any

import pytest
from openai.types import audio_model
from openai.types.shared import chat_model

from actors import OpenAILLM, OpenAIResponsesLLM, OpenAISTT, OpenAITTS
from actors.providers.openai import llm, stt
from actors.providers.openai.settings import NO_KEY, read_settings
from protocols import ConfigurationError

MAKE: dict[str, Any] = {
    "model": "m",
    "base_url": "",
    "api_key": "",
    "api_key_env": "OPENAI_API_KEY",
    "silence_s": 1.0,
    "total_s": 2.0,
    "parameters": {},
    "environment": {"OPENAI_API_KEY": "sk-1"},
}


def read(**changes: Any) -> Any:
    return read_settings("LLM", **(MAKE | changes))


def test_it_is_openai_s_own_service_unless_something_else_is_said() -> None:
    settings = read()
    assert (settings.base_url, settings.label, settings.api_key, settings.local) == ("https://api.openai.com/v1", "openai/m", "sk-1", False)
    environment = {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://10.0.0.1:8000/v1/"}
    assert read(environment=environment).base_url == "http://10.0.0.1:8000/v1"
    assert read(environment=environment).label == "10.0.0.1:8000/m"
    assert read(environment=environment, base_url="https://user:word@llm.example/v1").label == "llm.example/m"


@pytest.mark.parametrize(
    ("url", "local"), [("http://127.0.0.1:1/v1", True), ("http://[::1]/v1", True), ("http://localhost/v1", True), ("http://a/v1", False)]
)
def test_who_is_on_this_machine_is_asked_without_a_proxy(url: str, local: bool) -> None:
    assert read(base_url=url).local is local


def test_the_key_is_the_one_given_or_that_of_the_variable_and_others_servers_need_none() -> None:
    assert read(api_key=" sk-2\n").api_key == "sk-2"
    assert read(api_key_env="GROQ_API_KEY", environment={"GROQ_API_KEY": "gsk"}).api_key == "gsk"
    assert read(environment={}, base_url="http://127.0.0.1:1/v1").api_key == NO_KEY
    with pytest.raises(ConfigurationError, match="there is no key: set GROQ_API_KEY"):
        read(environment={}, api_key_env="GROQ_API_KEY")


def test_a_key_is_not_shown() -> None:
    assert "sk-1" not in repr(read())
    for key in ("sk-geheim-ü", "sk-geheim a"):
        with pytest.raises(ConfigurationError, match="it is not shown") as refused:
            read(api_key=key)
        assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": ""}, "model is ''"),
        ({"model": None}, "model is None"),
        ({"base_url": "127.0.0.1:8000"}, "base_url is '127.0.0.1:8000'"),
        ({"base_url": "ftp://a/v1"}, "base_url"),
        ({"base_url": "http:///v1"}, "base_url"),
        ({"base_url": "http://a:99999/v1"}, "base_url"),
        ({"base_url": "http://[::1/v1"}, "base_url"),
        ({"base_url": "http://a b/v1"}, "base_url"),
        ({"base_url": 5}, "base_url is 5"),
        ({"api_key_env": ""}, "api_key_env"),
        ({"silence_s": 0}, "timeout_s is 0"),
        ({"silence_s": True}, "timeout_s is True"),
        ({"silence_s": float("nan")}, "timeout_s is nan"),
        ({"total_s": "10"}, "total_timeout_s is '10'"),
        ({"total_s": 1e9}, "total_timeout_s"),
        ({"parameters": {"messages": []}}, "messages is the session's to say"),
        ({"parameters": {"extra_body": 5}}, "extra_body is a int"),
        ({"api_key": 5}, "the key has a letter"),
    ],
)
def test_what_is_malformed_is_refused_with_the_cure(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        read(**changes)


def test_parameters_go_into_the_body_headers_and_query() -> None:
    parameters = {"temperature": 0.5, "extra_body": {"top_k": 3}, "extra_headers": {"X-A": "1"}, "extra_query": {"v": "2"}}
    settings = read(parameters=parameters)
    assert (settings.parameters, settings.headers, settings.query) == ({"temperature": 0.5, "top_k": 3}, {"X-A": "1"}, {"v": "2"})


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (OpenAITTS, {}, "no default model"),
        (OpenAITTS, {"model": "m", "voice": ""}, "voice is ''"),
        (OpenAITTS, {"model": "m", "rate_hz": 12_345}, "rate_hz is 12345"),
        (OpenAITTS, {"model": "m", "response_format": "mp3"}, "response_format is pcm"),
        (OpenAISTT, {"response_format": "srt"}, "response_format is 'srt'"),
        (OpenAILLM, {"model": ""}, "openai.LLM: model"),
        (OpenAIResponsesLLM, {"input": "x"}, "openai.responses.LLM: input"),
    ],
)
def test_a_provider_refuses_what_its_service_cannot(make: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(words)):
        make(base_url="http://127.0.0.1:1/v1", **options)


def test_the_key_of_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ConfigurationError, match="set OPENAI_API_KEY"):
        OpenAILLM()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-3")
    assert OpenAILLM()._service.settings.api_key == "sk-3"
    assert OpenAILLM().label == f"openai/{llm.DEFAULT_MODEL}"


@pytest.mark.parametrize(
    ("default", "module", "names"), [(llm.DEFAULT_MODEL, chat_model, "ChatModel"), (stt.DEFAULT_MODEL, audio_model, "AudioModel")]
)
def test_no_default_model_is_announced_to_end(default: str, module: Any, names: str) -> None:
    """The SDK's own list names those whose end is announced; it is newer with each release."""
    announced = inspect.getsource(module).rpartition("Deprecated values:")[2]
    assert default in getattr(module, names).__args__
    assert "Announced" in announced
    assert f'"{default}"' not in announced
