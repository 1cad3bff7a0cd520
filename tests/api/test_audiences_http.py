"""Rules that are made to hurt, over HTTP: each is refused in a sentence, and nothing is kept."""

import pytest

from tests.api.conftest import Ask

WRITE = ("content:write",)


def nested(times: int) -> bytes:
    return b'{"rule":' + b'{"about":"not","of":' * times + b'{"about":"all"}' + b"}" * times + b"}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (nested(20_000), "nested too deep"),
        (nested(50), "deep in each other"),
        (b'{"rule":{"about":"attribute","name":"age","is":"more","value":1e999}}', "number"),
        (b'{"rule":{"about":"attribute","name":"age","is":"more","value":NaN}}', "JSON"),
        (b'{"rule":{"about":"attribute","name":"born","is":"before","value":"2026-02-30"}}', "like 2026-12-31"),
        (b'{"rule":{"about":"group","key":"none"}}', "none"),
        (b'{"rule":{"about":"moon"}}', "moon"),
    ],
)
async def test_it_is_refused_and_nothing_is_kept(ask: Ask, body: bytes, words: str):
    answer = await ask("PUT", "/v1/audiences/bad", scopes=WRITE, content=body, headers={"content-type": "application/json"})
    assert answer.status_code in {400, 404, 422} and words in answer.text, answer.text
    assert (await ask("GET", "/v1/audiences/bad", scopes=WRITE)).status_code == 404
