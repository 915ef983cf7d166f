"""The intent node's dealings with the cloud: what is asked, what is said meanwhile, what came."""

from concurrent.futures import Future
from dataclasses import dataclass
import threading
import time
from typing import Any, Callable, Optional, TYPE_CHECKING

from shadow_ros.cloud.policy import asks, Policy, question, Share
from shadow_ros.config import Backbone
from shadow_ros.errors import CloudError, ConfigError, ShadowRosError
from shadow_ros.intent.prompt import Turn
from shadow_ros.intent.router import Decision
from shadow_ros.intent.thought import Thought
from shadow_ros.phrases import language, say
from shadow_ros.plan import Plan
from shadow_ros.records import Comparison

if TYPE_CHECKING:
    from shadow_ros.cloud.client import Answer
    from shadow_ros.cloud.link import Errand, Link

AGAIN = (2.0, 30.0)  # s until a server that should be attached is tried again, and at most
COMPARISONS = 4  # opinions that may be under way


@dataclass(frozen=True)
class Case:
    """A command that goes to the cloud, with what the edge made of it; `at` is monotonic (s)."""

    plan_id: str
    words: str
    decision: Decision
    thought: Thought
    heard: Any
    turns: tuple[Turn, ...]
    queue_ms: float
    at: float


@dataclass(frozen=True)
class Outcome:
    """What is to be published of a case; `timing_ms` holds the edge's times and the cloud's."""

    plan: Plan
    by: str
    confidence: float
    model: str
    timing_ms: dict[str, float]


@dataclass(frozen=True)
class Outlets:
    """Where the desk's words go; called in the link's thread or in the node's."""

    settle: Callable[[Case, Outcome], None]
    say: Callable[[str], None]
    compare: Callable[[Comparison], None]
    log: Callable[[str], None]


class Desk:
    """At most one case waits for the cloud; a newer command or a stop makes it void."""

    def __init__(self, settings: Backbone, outlets: Outlets,
                 posture: Callable[[], str] = lambda: '') -> None:
        self.settings = settings
        self._outlets = outlets
        self._posture = posture
        self._lock = threading.Lock()
        self._case: Optional[Case] = None
        self._errand: Optional[Errand] = None
        self._opinions: set[Errand] = set()
        self._thinking_said = False
        self._language = 'en'
        self._wanted = bool(settings.url)
        self._attaching: Optional[Future[str]] = None
        self._try_at, self._pause = 0.0, AGAIN[0]
        self._counts = {'asked': 0, 'answered': 0, 'failed': 0, 'void': 0}
        self._trouble = ''
        self._link: Optional[Link] = _make_link(settings, self._changed)

    # Attaching.

    @property
    def attached(self) -> bool:
        """Return whether commands beyond the edge are asked about."""
        return self._link is not None and self._link.state.attached

    def attach(self, wanted: bool) -> 'Future[tuple[bool, str]]':
        """Attach after a check of the server, or detach at once; the future tells how it went."""
        done: Future[tuple[bool, str]] = Future()
        self._wanted = wanted
        if self._link is None:
            done.set_result((not wanted, say('no_backbone') if wanted else 'none is attached'))
        elif not wanted:
            self.void()
            self._link.detach()
            done.set_result((True, 'the backbone is detached'))
        else:
            self._start_attaching(lambda text: done.set_result((True, text)),
                                  lambda text: done.set_result((False, text)))
        return done

    def _start_attaching(self, on_yes: Callable[[str], None],
                         on_no: Callable[[str], None]) -> None:
        assert self._link is not None
        work = self._attaching = self._link.attach()

        def ended(future: 'Future[str]') -> None:
            try:
                text = future.result()
            except (ShadowRosError, OSError) as error:
                self._trouble = str(error)
                on_no(f'not attached: {error}')
            else:
                self._trouble, self._pause = '', AGAIN[0]
                on_yes(text)
            finally:
                self._attaching = None

        work.add_done_callback(ended)

    def tick(self, now: float) -> None:
        """Say that it takes a while; try again to attach what should be attached."""
        with self._lock:
            case = self._case
            late = case is not None and not self._thinking_said \
                and now - case.at >= self.settings.patience
            self._thinking_said = self._thinking_said or late
        if late and case is not None:
            self._outlets.say(say('thinking', language(case.heard.text)))
        if self._wanted and not self.attached and self._link and self._attaching is None \
                and now >= self._try_at:
            self._try_at, self._pause = now + self._pause, min(AGAIN[1], 2 * self._pause)
            self._start_attaching(self._outlets.log, self._refused)

    def _refused(self, text: str) -> None:
        """Tell once why there is no cloud though there should be one; it is tried again."""
        if self._pause == 2 * AGAIN[0]:
            self._outlets.log(text)

    def _changed(self, what: str) -> None:
        """Tell that the cloud was lost, or that it is back; called in the link's thread."""
        self._outlets.say(say(f'cloud_{what}', self._language))

    # Asking.

    def takes(self, decision: Decision) -> bool:
        """Return whether the cloud's plan is to be waited for."""
        return self.attached and asks(Policy(self.settings.policy), decision.reason)

    @property
    def asks_unsure(self) -> bool:
        """Return whether what the edge is unsure of goes to the cloud, too."""
        return Policy(self.settings.policy) is not Policy.REMOTE

    def begin(self, case: Case) -> None:
        """Ask about a case; its outcome is settled later, or at once when nobody can be asked."""
        self.void()
        self._language = language(case.heard.text)
        with self._lock:
            self._case, self._thinking_said = case, False
        self._counts['asked'] += 1
        if self._link is None or Share(self.settings.share) is Share.NOTHING:
            self._failed(case, CloudError('nothing may leave the robot', 'private'))
            return
        errand = self._link.ask(
            self._question(case), lambda answer: self._answered(case, answer),
            lambda error: self._failed(case, error))
        with self._lock:
            if self._case is case:
                self._errand = errand

    def opinion(self, case: Case) -> None:
        """Ask what the cloud would have done; nobody waits for it and nothing moves by it."""
        if Policy(self.settings.policy) is not Policy.COMPARE or not self.attached \
                or Share(self.settings.share) is Share.NOTHING or not self._link \
                or len(self._opinions) >= COMPARISONS:
            return
        done: list[Errand] = []

        def ended(answer: 'Optional[Answer]') -> None:
            self._opinions -= set(done)
            if answer is not None:
                self._outlets.compare(_comparison(case, answer))

        done.append(self._link.ask(self._question(case), ended, lambda error: ended(None)))
        self._opinions |= {errand for errand in done if errand.open}

    def void(self) -> None:
        """Forget the case that waits: a newer command or a stop came."""
        with self._lock:
            case, errand = self._case, self._errand
            self._case = self._errand = None
        if case is not None:
            self._counts['void'] += 1
        if errand is not None:
            errand.cancel()

    def close(self) -> None:
        """Hang up for good."""
        self._wanted = False
        self.void()
        link, self._link = self._link, None
        if link:
            link.close()

    def _question(self, case: Case) -> Any:
        return question(case.words, case.turns, self._posture(), Share(self.settings.share))

    # Outcomes; called in the link's thread.

    def _take(self, case: Case) -> bool:
        """Return whether the case still waits; it does not any more."""
        with self._lock:
            waits = self._case is case
            if waits:
                self._case = self._errand = None
        return waits

    def _answered(self, case: Case, answer: 'Answer') -> None:
        if not self._take(case):
            return
        self._counts['answered'] += 1
        plan = answer.plan
        if plan.route == 'remote' or not plan.actions and not plan.reply:
            plan = Plan(reply=say('cloud_more', self._language))
        timing = {**_edge_times(case), 'cloud': _ms(time.monotonic() - case.at),
                  **{f'cloud_{k}': v for k, v in answer.timing_ms.items()}}
        self._outlets.settle(case, Outcome(plan, 'cloud', answer.confidence, answer.model, timing))

    def _failed(self, case: Case, error: CloudError) -> None:
        if not self._take(case):
            return
        self._counts['failed'] += 1
        self._trouble = str(error)
        plan = case.decision.plan
        if case.decision.reason == 'remote':
            key = 'no_backbone' if error.why == 'detached' else f'cloud_{error.why}'
            plan = Plan(plan.actions, say(key, language(case.heard.text)))
        timing = {**_edge_times(case), 'cloud': _ms(time.monotonic() - case.at)}
        self._outlets.settle(case, Outcome(
            plan, 'edge', case.decision.confidence, case.thought.model, timing))

    # Health.

    def figures(self) -> dict[str, object]:
        """Return what diagnostics tell."""
        state = self._link.state if self._link else None
        return {'backbone_attached': self.attached, 'url': self.settings.url,
                'available': bool(state and state.available),
                'backbone_model': state.model if state else '',
                'latency_ms': round(state.latency_ms, 1) if state else -1.0,
                'policy': self.settings.policy, 'share': self.settings.share, **self._counts}

    def health(self) -> tuple[bool, str]:
        """Return whether all is as the operator wants it, and a sentence."""
        if self._link is None:
            return True, 'none configured'
        state = self._link.state
        if state.attached and state.available:
            return True, f'attached to {state.model}'
        if not self._wanted:
            return True, 'detached'
        return False, state.trouble or self._trouble or 'not attached yet'


def _make_link(settings: Backbone, on_change: Callable[[str], None]) -> 'Optional[Link]':
    """Return the link to the configured server, or None without one; raises ConfigError."""
    if not settings.url:
        return None
    try:
        from shadow_ros.cloud.link import Link, LinkOptions
    except ModuleNotFoundError as error:
        raise ConfigError(f'intent.backbone.url needs {error.name}, which is not installed: '
                          "pip install 'shadow_ros[cloud]'") from None
    return Link(LinkOptions(settings.url, settings.deadline, settings.token_file,
                            settings.certificate, settings.kind, settings.model), on_change)


def _edge_times(case: Case) -> dict[str, float]:
    return {'queue': case.queue_ms, **{k: v for k, v in case.thought.timing_ms.items()
                                       if k != 'total'}}


def _comparison(case: Case, answer: 'Answer') -> Comparison:
    edge = case.decision.plan
    return Comparison(
        case.plan_id, case.heard.text, str(edge), str(answer.plan),
        edge.actions == answer.plan.actions, case.decision.confidence, answer.confidence,
        case.thought.model, answer.model, case.thought.timing_ms.get('total', 0.0),
        _ms(time.monotonic() - case.at))


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 3)
