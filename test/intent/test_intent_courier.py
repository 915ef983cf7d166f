"""A motion that nobody answers is sent again, a few times, and never once it is answered."""

from shadow_ros.intent.courier import AGAIN_AFTER, Courier, TRIES


def sendings(courier, seconds=10.0):
    """Return the times at which the record is due, looked at every 50 ms from 0."""
    times = [n * 0.05 for n in range(int(seconds / 0.05))]
    return [now for now in times if courier.due(now) is not None]


def test_an_unanswered_plan_is_sent_a_few_times_and_then_told_of():
    courier = Courier()
    courier.sent('p', 'record', 0.0)
    assert not courier.unheard(0.0)
    again = sendings(courier)
    assert len(again) == TRIES - 1
    assert all(b - a >= AGAIN_AFTER for a, b in zip([0.0, *again], again))
    assert courier.unheard(10.0)


def test_an_answer_ends_it_whenever_it_comes():
    courier = Courier()
    courier.sent('p', 'record', 0.0)
    courier.answered('another')
    assert courier.due(AGAIN_AFTER) == 'record'
    courier.answered('p')
    assert sendings(courier) == [] and not courier.unheard(10.0)


def test_only_the_newest_plan_is_sent_again():
    courier = Courier()
    courier.sent('old', 'old record', 0.0)
    courier.sent('new', 'new record', 0.1)
    assert courier.due(AGAIN_AFTER + 0.2) == 'new record'
    courier.answered('old')
    assert courier.due(2 * AGAIN_AFTER + 0.2) == 'new record'


def test_before_the_first_plan_there_is_nothing_to_send_or_to_tell():
    assert Courier().due(100.0) is None and not Courier().unheard(100.0)
