"""Whatever a mail server does, each mail is answered once, and the answer is true."""

import asyncio
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from backend.channels.smtp_parcel import Timing
from tests.channels.mailserver import DROP, GOOD, HANG, WHOLE, number, outgoing, send, server

TIMING = Timing(connect=5.0, answer=0.03, idle=0.5, close=0.03, pauses=(0.0,), most=4)
OFFERED = {"nothing": GOOD["EHLO"].replace(b"250-PIPELINING\r\n", b"250-8BITMIME\r\n"), "pipelining": GOOD["EHLO"], "chunking": WHOLE}
MORE = b"250 ok\r\n250 and one more\r\n"  # of a server that says more than it was asked for nothing is sure but that it was asked for a body
STEPS = ("greet", "EHLO", "MAIL", "RCPT", "DATA", "final", "RSET")

said = st.one_of(
    st.sampled_from([DROP, DROP, HANG]),
    st.sampled_from(
        [
            b"250 ok\r\n", b"250-two\r\n250 lines\r\n", b"354 go on\r\n", b"421 4.3.2 closing\r\n", b"450 4.2.0 later\r\n", b"550 5.1.1 nobody\r\n",
            b"554-5.7.1 spam\r\n554 5.7.1 spam\r\n", b"250 ok\n", b"250\r\n", b"what?\r\n", b"\r\n", b"250-never ends", MORE,
        ]
    ),
    st.binary(max_size=40),
)  # fmt: skip
scripts = st.dictionaries(st.tuples(st.sampled_from(STEPS), st.integers(0, 9)), said, max_size=6)


@settings(max_examples=80, deadline=None)
@given(scripts, st.sampled_from([0, 0, 1, 7]), st.sampled_from(sorted(OFFERED)), st.integers(1, 12))
def test_each_mail_is_answered_once_and_truly(faults, chunk, offered, mails):
    def script(step, n):
        said = faults.get((step, n)) or None  # no bytes at all are no fault
        if said == MORE and offered == "chunking":
            return None
        return OFFERED[offered] if step == "EHLO" and said is None else said

    async def story():
        async with server(script, chunk) as there:
            answers = await send(there.port, *(outgoing(n) for n in range(1, mails + 1)), timing=TIMING)
            return answers, Counter(map(number, there.heard)), Counter(map(number, there.taken)), [number(mail) for mail in there.heard]

    answers, heard, taken, order = asyncio.run(story())
    assert answers.keys() == set(range(1, mails + 1))  # and once each: `Answers.all` looks
    assert order == sorted(set(order))  # in order, and never twice
    for n, answer in answers.items():
        assert taken[n] <= heard[n] <= 1
        if answer.meaning == "accepted":
            assert heard[n] == 1
        if answer.meaning in ("temporary", "refused", "bad_address"):
            assert not taken[n]
