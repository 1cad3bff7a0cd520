"""What follows from a provider's answer, and what of it is written where."""

from backend.channels.base import Answer
from backend.domain.category import SEEDED
from backend.domain.delivery import Delivery
from tests.stages.conftest import NOON, SPACE
from workers import outcomes


def test_letters_keep_no_words_of_a_provider():
    """They may name the address, and go to a topic that keeps ids and reasons alone."""
    delivery = Delivery(bytes(16), bytes(16), bytes(16), SPACE, 1, 2, b"", "orders", "normal", 1, NOON, attempt=99)
    said = outcomes.after(delivery, Answer("temporary", "451", "mia@example.com is busy"), SEEDED[0], NOON, lambda: 0.5)
    assert said.letter == "retry_exhausted: 451"
