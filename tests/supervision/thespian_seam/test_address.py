from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocols import Ref
from supervision.thespian_seam.address import PACKED_BYTES, EndpointAddress

addresses = st.binary(min_size=PACKED_BYTES, max_size=PACKED_BYTES).map(EndpointAddress.unpack)


@given(addresses)
@example(EndpointAddress.unpack(bytes(PACKED_BYTES)))
def test_an_address_survives_both_of_its_forms(address: EndpointAddress) -> None:
    assert EndpointAddress.parse(str(address)) == address
    assert EndpointAddress.unpack(address.pack()) == address


def test_an_address_reads_as_host_port_and_life() -> None:
    assert str(EndpointAddress("127.0.0.1", 40123, "a1b2c3d4e5f60718")) == "127.0.0.1:40123#a1b2c3d4e5f60718"


def test_m7_two_lives_of_one_port_differ() -> None:
    assert EndpointAddress("127.0.0.1", 1, "00" * 16) != EndpointAddress("127.0.0.1", 1, "01" * 8)


def test_an_address_proves_whose_it_is() -> None:
    address = EndpointAddress.of("127.0.0.1", 1, "ab", "c")
    assert address.proves(Ref(id="ab", uid="c", address=str(address)))
    for actor_id, uid, port in (("ab", "d", 1), ("x", "c", 1), ("a", "bc", 1), ("ab", "c", 2)):
        elsewhere = EndpointAddress("127.0.0.1", port, address.nonce)
        assert not address.proves(Ref(id=actor_id, uid=uid, address=str(elsewhere)))
    assert not EndpointAddress.of("127.0.0.1", 1, "ab", "c", confined=True).proves(Ref(id="ab", uid="c", address=str(address)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1:1",
        "127.0.0.1#0011223344556677",
        "127.0.0.1:65536#0011223344556677",
        "127.0.0.1:-1#0011223344556677",
        "127.0.0.1:1#001122334455667",
        "127.0.0.1:1#00112233445566778899",
        "127.0.0.1:1#00 11223344556677",
        "localhost:1#0011223344556677",
        "::1:1#0011223344556677",
        "127.0.0.1:x#0011223344556677",
    ],
)
def test_other_text_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        EndpointAddress.parse(text)


@given(st.text())
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with suppress(ValueError):
        EndpointAddress.parse(text)
