"""The link: attaches after a check, never blocks, forgets what is void, comes back by itself."""

import threading
import time

from by_heart import SQUARE
from cloud_serving import serving, wait_for
import faulty
from faulty import Faulty
import pytest

from shadow_ros.cloud import breaker, link as link_module
from shadow_ros.cloud.link import Link, LinkOptions
from shadow_ros.cloud.policy import Question
from shadow_ros.errors import CloudError, ConfigError


class Outcomes:
    """What a link's questions led to."""

    def __init__(self, url: str, deadline: float = 2.0, **more) -> None:
        self.plans: list[str] = []
        self.reasons: list[str] = []
        self.changes: list[str] = []
        self.link = Link(LinkOptions(url, deadline, **more), self.changes.append)

    def ask(self, text: str = 'sit'):
        return self.link.ask(Question(text), lambda answer: self.plans.append(str(answer.plan)),
                             lambda error: self.reasons.append(error.why))


@pytest.fixture
def outcomes():
    """Yield a function that makes links, which are closed in the end."""
    made = []

    def make(*args, **more) -> Outcomes:
        made.append(Outcomes(*args, **more))
        return made[-1]

    yield make
    for one in made:
        one.link.close()
        assert not one.link._thread.is_alive()


@pytest.fixture
def bad():
    """Yield a server that can be made faulty."""
    found = Faulty()
    yield found
    found.close()


def test_attach_ask_detach(server, outcomes):
    one = outcomes(server.url)
    one.ask()
    assert one.reasons == ['detached'] and not one.link.available
    said = one.link.attach().result(10)
    assert said.startswith('attached to by heart at http://127.0.0.1:') and 'ms away' in said
    assert one.link.state.attached and 0 < one.link.state.latency_ms < 1000
    one.ask('walk in a square')
    wait_for(lambda: one.plans == [f'{SQUARE} Round it goes.'])
    one.link.detach()
    assert not one.link.available and not one.link.state.attached
    one.ask()
    assert one.reasons == ['detached'] * 2 and one.changes == []


@pytest.mark.parametrize(('about', 'words'), [
    (faulty.say({**faulty.ABOUT, 'protocol': 9}), 'bring robot and server to the same version'),
    (faulty.say({}, '401 Unauthorized'), 'answered 401'),
    (lambda line, request: (time.sleep(0.35), faulty.say(faulty.ABOUT)(line, request)),
     'leaves too little')], ids=['version', 'token', 'latency'])
def test_attach_says_no_with_the_reason(bad, outcomes, about, words):
    bad.about = about
    one = outcomes(bad.url, 0.5, kind='shadow')
    with pytest.raises(CloudError, match=words):
        one.link.attach().result(10)
    assert not one.link.state.attached and not one.link.available


def test_attach_to_nobody(outcomes, bad):
    bad.close()
    with pytest.raises(CloudError, match='cannot be reached'):
        outcomes(bad.url).link.attach().result(10)
    with pytest.raises(ConfigError, match='token file'):
        outcomes(bad.url, token_file='/nowhere').link.attach().result(10)
    with pytest.raises(ConfigError, match='must be like http'):
        outcomes('nonsense')


def test_a_cancelled_question_is_never_heard_of_again(bad, outcomes):
    bad.fault = lambda line, request: (time.sleep(0.2), faulty.say(faulty.PLAN)(line, request))
    one = outcomes(bad.url)
    one.link.attach().result(10)
    one.ask().cancel()
    kept = one.ask()
    one.ask().cancel()
    wait_for(lambda: one.plans)
    time.sleep(0.3)
    assert one.plans == ['[SIT] Ok.'] and one.reasons == [] and not kept.open


def test_a_late_answer_is_dropped(bad, outcomes):
    bad.fault = lambda line, request: (time.sleep(0.5), faulty.say(faulty.PLAN)(line, request))
    one = outcomes(bad.url, 0.3)
    one.link.attach().result(10)
    one.ask()
    wait_for(lambda: one.reasons == ['slow'])
    time.sleep(0.4)
    assert one.plans == []


def test_detaching_forgets_what_was_asked(bad, outcomes):
    bad.fault = faulty.stall
    one = outcomes(bad.url, 20.0)
    one.link.attach().result(10)
    errand = one.ask()
    wait_for(lambda: len(bad.requests) > 4)
    began = time.monotonic()
    one.link.detach()
    assert time.monotonic() - began < 5.0 and not errand.open
    time.sleep(0.1)
    assert one.plans == one.reasons == []


def test_asking_never_waits(bad, outcomes):
    """With a server that stalls, a hundred questions take no time of who asks."""
    bad.fault = faulty.stall
    one = outcomes(bad.url)
    one.link.attach().result(10)
    began = time.monotonic()
    errands = [one.ask() for _ in range(100)]
    assert time.monotonic() - began < 5.0
    [errand.cancel() for errand in errands]


@pytest.mark.parametrize('fault', ['refused', 'reset', 'garbage'])
def test_what_is_given_up_comes_back_by_itself(backbone, outcomes, monkeypatch, fault):
    """Lost after three failures, told once; nobody is asked meanwhile; back without a command."""
    for name, value in (('PAUSE', 0.2), ('DOUBT', 0.05)):
        monkeypatch.setattr(breaker, name, value)
    monkeypatch.setattr(link_module, '_TICK', 0.02)
    monkeypatch.setattr(breaker.Breaker.__init__, '__defaults__', (3, 0.2, 0.4))
    bad = Faulty()
    one = outcomes(bad.url, 0.5)
    one.link.attach().result(10)
    one.ask()
    wait_for(lambda: one.plans)
    right = bad.about
    if fault == 'refused':
        bad.close()
    else:
        bad.fault = bad.about = faulty.FAULTS[fault][0]
    for count in range(1, 4):
        if one.link.available:
            one.ask()
            wait_for(lambda count=count: len(one.reasons) >= count or not one.link.available)
    wait_for(lambda: one.changes == ['lost'])
    assert not one.link.available and one.link.state.attached and one.link.state.trouble
    asked = len(bad.requests)
    one.ask()
    assert one.reasons[-1] == 'away' and len(bad.requests) <= asked + 1
    time.sleep(0.6)
    assert one.changes == ['lost']
    if fault == 'refused':
        bad = _again(bad.port)
    else:
        bad.about, bad.fault = right, faulty.say(faulty.PLAN)
    wait_for(lambda: one.changes == ['lost', 'back'])
    one.ask()
    wait_for(lambda: len(one.plans) == 2)
    bad.close()


def _again(port: int) -> Faulty:
    """Return a server on the port of one that died."""
    import socket
    made = Faulty()
    made.door.close()
    made.door = socket.create_server(('127.0.0.1', port))
    made.port, made._open = port, True
    threading.Thread(target=made._listen, daemon=True).start()
    return made


def test_a_server_killed_in_the_middle_of_an_answer(bad, outcomes):
    def die(line, request):
        line.sendall(faulty.response(faulty.PLAN)[:60])
        bad.close()
    bad.fault = die
    one = outcomes(bad.url)
    one.link.attach().result(10)
    one.ask()
    wait_for(lambda: one.reasons == ['unreachable'])
    assert one.plans == []


def test_a_lost_network_is_noticed_without_a_command(bad, outcomes, monkeypatch):
    monkeypatch.setattr(breaker, 'HEARTBEAT', 0.1)
    monkeypatch.setattr(breaker, 'DOUBT', 0.05)
    monkeypatch.setattr(link_module, '_TICK', 0.02)
    one = outcomes(bad.url)
    one.link.attach().result(10)
    bad.close()
    wait_for(lambda: one.changes == ['lost'])


def test_many_threads_may_ask(backbone, outcomes):
    with serving(backbone) as server:
        one = outcomes(server.url, 10.0)
        one.link.attach().result(10)
        threads = [threading.Thread(target=one.ask, args=('turn left',)) for _ in range(16)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        wait_for(lambda: len(one.plans) == 16)
        assert set(one.plans) == {'[TURN yaw=90] Turning.'}
