"""The signed envelope sender: it fits, it is read back however servers write it, and no other is believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.channels.verp import Bounced, Verp
from backend.security.sealing import Sealer

VERP = Verp(Sealer(b"k" * 32))
OTHER = Verp(Sealer(b"o" * 32))
DOMAIN = "bounces.example.com"


@given(st.integers(1, 65_535), st.binary(min_size=16, max_size=16))
def test_what_is_written_is_read_and_fits(space, delivery):
    address = VERP.address(space, delivery, DOMAIN)
    assert len(address.rpartition("@")[0]) <= 64
    for seen in (address, address.upper(), f" {address} "):
        assert VERP.read(seen) == Bounced(space, delivery)
    assert OTHER.read(address) is None


ADDRESS = VERP.address(1, bytes(range(16)), DOMAIN)
LOCAL, _, _ = ADDRESS.partition("@")


@pytest.mark.parametrize(
    "changed",
    [
        *(LOCAL[:n] + ("0" if LOCAL[n] != "0" else "1") + LOCAL[n + 1 :] + "@" + DOMAIN for n in range(2, len(LOCAL)) if LOCAL[n] != "."),
        LOCAL + "@elsewhere.example.com",
        LOCAL.replace(".", "-2.") + "@" + DOMAIN,
        LOCAL.replace(".", "-1.") + "@" + DOMAIN,
        LOCAL, LOCAL + "@", "@" + DOMAIN, "", "b+.@" + DOMAIN, LOCAL + "@" + LOCAL + "@" + DOMAIN, LOCAL + "\r\n@" + DOMAIN, LOCAL + "@bounces.exämple.com",
    ],
)  # fmt: skip
def test_nothing_else_is_believed(changed):
    assert VERP.read(changed) is None
