from typing import Any

import pytest

from actors.health_server.options import HealthOptions
from protocols import ConfigurationError


def test_the_default_is_this_machine_alone() -> None:
    assert HealthOptions.from_args({}) == HealthOptions(host="127.0.0.1", port=0, allow_remote=False)


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"host": ""}, "'' is no host"),
        ({"host": 1}, "1 is no host"),
        ({"port": -1}, "health port is -1"),
        ({"port": 65_536}, "health port is 65536"),
        ({"port": True}, "health port is True"),
        ({"port": "8080"}, "health port is '8080'"),
        ({"allow_remote": 1}, "allow_remote is 1"),
        ({"address": "x"}, "unknown health option 'address': use allow_remote, host, port"),
    ],
)
def test_wrong_options_are_refused_by_name(args: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        HealthOptions.from_args(args)
