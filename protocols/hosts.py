"""Hosts as people write them: names, and addresses of either version, with or without brackets and a zone."""

import ipaddress
import re
from typing import Final

from protocols.errors import ConfigurationError

__all__ = ["is_loopback", "parse_host", "url_host"]

LOCALHOST: Final = "localhost"
_NAME: Final = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?")


def parse_host(host: object) -> str:
    """``host`` as programs take it: an address without brackets and in its shortest form, a name in small letters without the last dot.

    Raises:
        ConfigurationError: it is neither; the text says what is wrong with it.
    """
    if not isinstance(host, str) or not host:
        raise ConfigurationError(f"{host!r:.80} is no host: use a name or an address of this machine, such as 127.0.0.1")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    address = _address(bare)
    if address is not None:
        return str(address)
    if not _NAME.fullmatch(host):
        port = ": the port is an option of its own" if re.search(r":\d+$", host) else ""
        raise ConfigurationError(f"{host!r:.80} is no host{port}: use a name or an address of this machine, such as 127.0.0.1")
    return host.lower().rstrip(".")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches ``host``: an address of 127.0.0.0/8 or ::1, also one of the first within IPv6, or localhost.

    Any other name is not, wherever it leads: only this one is promised (RFC 6761, section 6.3).

    Raises:
        ConfigurationError: it is no host.
    """
    host = parse_host(host)
    address = _address(host)
    if address is None:
        return host == LOCALHOST
    if isinstance(address, ipaddress.IPv6Address):  # Python compares the zone too, and before 3.13 does not look inside
        address = address.ipv4_mapped or ipaddress.IPv6Address(int(address))
    return address.is_loopback


def url_host(host: str) -> str:
    """``host`` as it stands in a URL: an address of IPv6 in brackets, its zone after ``%25`` (RFC 6874, section 2)."""
    return f"[{host.replace('%', '%25')}]" if ":" in host else host


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
