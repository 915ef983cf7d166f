"""The intent node: commands and transcripts in, plans and replies out."""

from collections import deque
from dataclasses import dataclass, field
import threading
import time
import traceback
from typing import Deque, Iterable, NoReturn, Optional

from std_srvs.srv import SetBool

from shadow_ros.config import SETTINGS
from shadow_ros.errors import PlanError
from shadow_ros.intent.conversation import Conversation
from shadow_ros.intent.correction import Correction, Corrections, words_of
from shadow_ros.intent.courier import Courier
from shadow_ros.intent.engine import EdgeEngine
from shadow_ros.intent.router import Decision, effective_threshold, route
from shadow_ros.intent.thought import Thought
from shadow_ros.intent.tongue import Tongue
from shadow_ros.nodes.base import BROKEN, Check, OK, ShadowNode, WARN
from shadow_ros.nodes.process import run
from shadow_ros.phrases import language, say
from shadow_ros.plan import Action, Plan
from shadow_ros.records import Event, Feedback, PlanRecord
from shadow_ros.speech.stopword import is_no, is_panic, is_stop, is_yes

QUEUE = 8
"""Commands that may wait; the oldest goes when one more comes."""

_LONGEST_STOP = 500  # characters; what is longer is no stop word and goes the way of all text
_LONGEST_RECORD = 2000  # characters of a command that its record keeps
_LONGEST_QUESTION = SETTINGS['robot.confirm_timeout'].high + 5.0  # s; who asked may have died


@dataclass(frozen=True)
class Heard:
    """A command on its way to the model; `at` is monotonic, `stamp` since the epoch (s)."""

    text: str
    source: str
    stamp: float = field(default_factory=time.time)
    at: float = field(default_factory=time.monotonic)

    def record(self, plan: Plan, source: str = '', **about: object) -> PlanRecord:
        """Return the record of its plan, with the time since it was heard as `total`."""
        timing = dict(about.pop('timing_ms', {}))  # type: ignore[call-overload]
        timing['total'] = _ms(time.monotonic() - self.at)
        return PlanRecord(plan, stamp=self.stamp, source=source or self.source,
                          text=self.text[:_LONGEST_RECORD], timing_ms=timing,
                          **about)  # type: ignore[arg-type]


class Inbox:
    """Commands between the callbacks and the one thread that thinks; bounded, oldest first out."""

    def __init__(self, size: int = QUEUE) -> None:
        self.dropped = 0
        self._waiting: Deque[Heard] = deque()
        self._size = size
        self._changed = threading.Condition()
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, heard: Heard) -> Optional[Heard]:
        """Add a command; return the one that had to go for it."""
        with self._changed:
            lost = self._waiting.popleft() if len(self._waiting) >= self._size else None
            self.dropped += lost is not None
            self._waiting.append(heard)
            self._changed.notify()
        return lost

    def get(self) -> Optional[Heard]:
        """Wait for the next command; None means that there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            return None if self._closed else self._waiting.popleft()

    def clear(self) -> None:
        """Forget all that waits."""
        with self._changed:
            self._waiting.clear()

    def close(self) -> None:
        """Let `get` return None from now on."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class IntentNode(ShadowNode):
    """
    Turns text into plans.

    Callbacks only enqueue; one thread thinks. A stop word is answered in the callback itself and
    makes everything older void, also what is being thought about at that moment.
    """

    node_name = 'intent'

    def configure(self) -> None:
        """Load the model and open the topics."""
        settings = self.config.intent
        self._engine: Optional[EdgeEngine] = EdgeEngine.load(
            settings.model or None, settings.device)
        self._inbox, self._talk = Inbox(), Conversation()
        self._order = threading.Lock()
        self._newest_stop = 0.0
        self._question = ('', 0.0)
        self._done, self._last, self._trouble = 0, Thought(Plan()), ''
        self._publish_plan = self.text_publisher('plan')
        self._courier = Courier()
        self._corrections = Corrections()
        self._publish_feedback = self.text_publisher('feedback')
        self._publish_reply = self.text_publisher('reply')
        self._tongue = Tongue(self._publish_reply)
        self.listen('command', lambda text: self._on_text(text, 'command'))
        self.listen('transcript', lambda text: self._on_text(text, 'speech'))
        self.listen('event', self._on_event, 50)
        self.serve(SetBool, 'attach_backbone', self._on_attach)
        self.serve(SetBool, 'feedback', self._on_feedback)
        self.every(0.2, self._send_again)

    def activate(self) -> None:
        """Begin to think."""
        self._inbox = Inbox()
        self._thread = threading.Thread(target=self._work, name='intent', daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        """Forget what waits and finish the thought."""
        self._inbox.close()
        self._thread.join(10.0)

    def cleanup(self) -> None:
        """Let go of the model."""
        self._engine = None

    def checks(self) -> Iterable[Check]:
        """Yield the health of model, queue and backbone."""
        engine = getattr(self, '_engine', None)
        if engine is None:
            return
        name = engine.card.name
        yield Check('model', BROKEN if self._trouble else OK, self._trouble or name, {
            'model': name, 'commands': self._done, 'waiting': len(self._inbox),
            'dropped': self._inbox.dropped, 'last_plan': self._corrections.last_id,
            'last_confidence': round(self._last.confidence, 3),
            **{f'last_{step}_ms': ms for step, ms in self._last.timing_ms.items()}})
        if self._courier.unheard(time.monotonic()):
            yield Check('action node', WARN, 'nobody answered the last plan; is the node running?')
        url = self.config.intent.backbone.url
        yield Check('backbone', WARN if url else OK,
                    self._on_attach(True)[1] if url else 'none configured',
                    {'backbone_attached': False, 'url': url})

    # Callbacks.

    def _on_text(self, text: str, source: str) -> None:
        heard = Heard(text, source)
        if not text.strip():
            if source == 'command':
                self._publish_reply(say('not_understood', language(text)))
        elif _stops(text):
            self._stop(heard)
        elif not (self._asking(heard.at) and (is_yes(text) or is_no(text))):
            if self._inbox.put(heard):
                self.get_logger().warning('commands come faster than they can be understood; '
                                          'the oldest one that waited was dropped')

    def _stop(self, heard: Heard) -> None:
        with self._order:
            self._newest_stop = heard.at
            self._inbox.clear()
            self._deliver(heard.record(Plan((Action('STOP'),)), source='stop word'))
        correction = self._corrections.find(heard.text, heard.at)
        if correction:
            self._tell(Feedback(correction.plan_id, False, '[STOP]', 'spoken', heard.text,
                                heard.stamp))

    def _deliver(self, record: PlanRecord) -> None:
        """Publish a record, and again if it is a motion that nobody answers."""
        text = record.to_json()
        if record.plan.route == 'edge':
            self._courier.sent(record.id, text, time.monotonic())
        self._publish_plan(text)

    def _send_again(self) -> None:
        with self._order:
            record = self._courier.due(time.monotonic())
            if record:
                self._publish_plan(record)

    def _on_event(self, text: str) -> None:
        """
        Learn what became of a plan, and whether a question for a yes is open.

        It is open from a plan's `confirm` to that plan's next event.
        """
        try:
            event = Event.from_json(text)
        except PlanError as error:
            self.get_logger().warning(str(error))
            return
        with self._order:
            self._courier.answered(event.plan_id)
        self._tongue.event(event.plan_id, event.kind)
        if event.kind == 'confirm':
            self._question = (event.plan_id, time.monotonic())
        elif event.plan_id == self._question[0]:
            self._question = ('', 0.0)

    def _asking(self, now: float) -> bool:
        plan_id, since = self._question
        return bool(plan_id) and now - since < _LONGEST_QUESTION

    def _on_feedback(self, right: bool) -> tuple[bool, str]:
        """Take a button's word that the last plan was right or wrong."""
        plan_id = self._corrections.last_id
        if not plan_id:
            return False, say('nothing_planned')
        self._tell(Feedback(plan_id, right, source='service', time=time.time()))
        return True, say('noted_right' if right else 'noted_wrong')

    def _tell(self, feedback: Feedback) -> None:
        self._publish_feedback(feedback.to_json())

    def _on_attach(self, attach: bool) -> tuple[bool, str]:
        if not attach:
            return True, 'no backbone is attached'
        if not self.config.intent.backbone.url:
            return False, ('no backbone is configured; set intent.backbone.url (launch argument '
                           'backbone_url) to its address and start again')
        return False, ('this version has no client for a backbone yet; commands beyond the edge '
                       'are answered by saying so')

    # The thread that thinks.

    def _work(self) -> None:
        while True:
            heard = self._inbox.get()
            if heard is None:
                return
            try:
                self._think(heard)
                self._trouble = ''
            except Exception:  # the thread's outermost loop: the next command may fare better
                self._trouble = traceback.format_exc().strip().split('\n')[-1]
                self.get_logger().error(traceback.format_exc())
                self._publish_reply(say('not_understood', language(heard.text)))

    def _think(self, heard: Heard) -> None:
        """Publish the plan as soon as its actions are known, and what the robot says to it."""
        engine = self._engine
        assert engine is not None
        queue = _ms(time.monotonic() - heard.at)
        sent: list[Decision] = []
        plan_ids: list[str] = []
        threshold = effective_threshold(self.config.intent.threshold, engine.card.threshold)
        correction = self._correction(heard, engine, threshold)
        words = correction.rest if correction else heard.text

        def decide(thought: Thought, final: bool) -> None:
            decision = route(thought, heard.text, threshold)
            if not sent and (final or decision.plan.actions or decision.reason):
                sent.append(decision)
                plan_ids.append(self._send(heard, decision, thought, queue))
            elif sent and not sent[0].reason and decision.plan.reply:
                self._say(heard, decision, plan_ids[0])

        thought = engine.think(words, lambda partial: decide(partial, False),
                               self._talk.turns(heard.at))
        if not thought.plan.actions and not thought.plan.reply:
            thought = Thought(Plan(reply=say('not_understood', language(heard.text))),
                              timing_ms=thought.timing_ms, model=thought.model)
        decide(thought, True)
        if sent[0].reason != 'unsure':
            self._talk.add(words, sent[0].plan, heard.at)
        self._learn(heard, sent[0], plan_ids[0], correction)
        self._done, self._last = self._done + 1, thought

    def _correction(self, heard: Heard, engine: EdgeEngine,
                    threshold: float) -> Optional[Correction]:
        """Return what the text corrects; a mere "no, ..." only if it goes on with a command."""
        found = self._corrections.find(heard.text, heard.at)
        if found is None or found.firm:
            return found
        decision = route(engine.think(found.rest), found.rest, threshold)
        return found if decision.plan.route == 'edge' else None

    def _learn(self, heard: Heard, decision: Decision, plan_id: str,
               correction: Optional[Correction]) -> None:
        """Tell what the user has just taught, for the bags, and remember the plan."""
        if heard.at <= self._newest_stop:
            return
        if correction:
            meant = None if decision.reason or decision.plan.route != 'edge' else str(
                Plan(decision.plan.actions))
            self._tell(Feedback(correction.plan_id, False, meant, 'spoken',
                                heard.text[:_LONGEST_RECORD], heard.stamp))
        self._corrections.planned(plan_id, heard.at, correction.plan_id if correction else '')

    def _send(self, heard: Heard, decision: Decision, thought: Thought, queue: float) -> str:
        """Publish a decision, unless a stop came after its command; return its plan's id."""
        record = heard.record(
            decision.plan, confidence=decision.confidence, model=thought.model,
            timing_ms={'queue': queue, **thought.timing_ms})
        with self._order:
            if heard.at > self._newest_stop:
                self._deliver(record)
        if decision.plan.reply:
            self._say(heard, decision, record.id)
        return record.id

    def _say(self, heard: Heard, decision: Decision, plan_id: str) -> None:
        """Say the reply: to talk at once, to a motion when it is accepted."""
        if heard.at <= self._newest_stop:
            return
        if decision.plan.route == 'edge':
            self._tongue.reply(plan_id, decision.plan.reply)
        else:
            self._publish_reply(decision.plan.reply)


def _stops(text: str) -> bool:
    """Return whether a text is a stop, also as a correction ("no, I meant stop")."""
    if len(text) > _LONGEST_STOP:
        return False
    words = words_of(text)
    return any(is_stop(part) or is_panic(part) for part in (text, words.rest if words else ''))


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 3)


def main() -> NoReturn:
    """Run the intent node."""
    run(IntentNode)


if __name__ == '__main__':
    main()
