"""Where a service is, by which key it is asked, and how long it may take: read once, where a provider is made.

Part of no message: the key comes from the environment of the process that asks, and from nowhere else unless a program makes the provider
itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from protocols import ConfigurationError, is_loopback

OPENAI_URL: Final = "https://api.openai.com/v1"
OPENAI_HOST: Final = "api.openai.com"
KEY_VARIABLE: Final = "OPENAI_API_KEY"
URL_VARIABLE: Final = "OPENAI_BASE_URL"
NO_KEY: Final = "no-key"
"""What a server of one's own is sent that asks for no key."""
MAX_TIMEOUT_S: Final = 3_600.0
_KEY: Final = re.compile(r"[!-~]+")

OURS: Final = frozenset({"messages", "input", "model", "stream", "tools", "file", "voice", "functions"})
"""What a request holds by itself, and no parameter may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Those of one provider.

    ``silence_s`` is for each wait: for the connection and the first piece of an answer, and for each piece that brings it on; ``total_s``
    is for a whole answer. ``parameters`` go into each request as they are, by the names of the API, with ``headers`` and ``query``.
    """

    label: str
    model: str
    base_url: str
    api_key: str = field(repr=False)
    silence_s: float
    total_s: float
    parameters: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def local(self) -> bool:
        """Whether the service is on this machine, where no proxy leads."""
        return is_loopback(urlsplit(self.base_url).hostname or "")


def read_settings(
    name: str,
    *,
    model: object,
    base_url: object,
    api_key: object,
    api_key_env: object,
    silence_s: object,
    total_s: object,
    parameters: Mapping[str, Any],
    environment: Mapping[str, str],
) -> Settings:
    """The settings of the provider ``name`` (LLM): what is given, else what ``environment`` says.

    Raises:
        ConfigurationError: no model, no key for OpenAI's own service, or something malformed; the text says which and the cure.
    """
    model = require_text(name, "model", model)
    variable = require_text(name, "api_key_env", api_key_env)
    if taken := OURS & parameters.keys():
        raise ConfigurationError(f"openai.{name}: {', '.join(sorted(taken))} is the session's to say: leave it out")
    url = _url(name, require_text(name, "base_url", base_url or environment.get(URL_VARIABLE, "") or OPENAI_URL))
    host = urlsplit(url).netloc.rpartition("@")[2]
    left = dict(parameters)
    extra = {key: _map(name, key, left.pop(key, {})) for key in ("extra_body", "extra_headers", "extra_query")}
    return Settings(
        label=f"{'openai' if host == OPENAI_HOST else host}/{model}",
        model=model,
        base_url=url,
        api_key=_key(name, api_key or environment.get(variable, ""), variable, host),
        silence_s=_seconds(name, "timeout_s", silence_s),
        total_s=_seconds(name, "total_timeout_s", total_s),
        parameters={**left, **extra["extra_body"]},
        headers=extra["extra_headers"],
        query=extra["extra_query"],
    )


def _url(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        is_loopback(parts.hostname or "")
    except (ValueError, ConfigurationError):
        known = False
    if not known:
        raise ConfigurationError(f"openai.{name}: base_url is {url!r:.100}: give one as http://127.0.0.1:8000/v1, with its path")
    return url.rstrip("/")


def require_text(name: str, what: str, value: object) -> str:
    """``value``, which is a text with something in it.

    Raises:
        ConfigurationError: it is not.
    """
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"openai.{name}: {what} is {value!r:.40}: give one that the service has")
    return value


def _key(name: str, given: object, variable: str, host: str) -> str:
    key = given.strip() if isinstance(given, str) else "(no text)"
    if not key:
        if host != OPENAI_HOST:
            return NO_KEY
        raise ConfigurationError(f"openai.{name}: there is no key: set {variable} where the system is started")
    if not _KEY.fullmatch(key):
        raise ConfigurationError(f"openai.{name}: the key has a letter that no key has (it is not shown): set {variable} anew")
    return key


def _seconds(name: str, what: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_TIMEOUT_S:
        raise ConfigurationError(f"openai.{name}: {what} is {value!r:.40}: give seconds, more than 0 and at most {MAX_TIMEOUT_S:g}")
    return value


def _map(name: str, key: str, value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"openai.{name}: {key} is a {type(value).__name__}: give a map")
    return dict(value)
