"""The intent node: commands and transcripts in, plans and replies out."""

from concurrent.futures import Future
import threading
import time
import traceback
from typing import Iterable, NoReturn, Optional

from rclpy.parameter import Parameter
from std_srvs.srv import SetBool

from shadow_ros.config import Config, SETTINGS
from shadow_ros.errors import PlanError
from shadow_ros.intent.conversation import Conversation
from shadow_ros.intent.correction import Correction, Corrections, words_of
from shadow_ros.intent.courier import Courier
from shadow_ros.intent.engine import EdgeEngine
from shadow_ros.intent.keeper import Keeper
from shadow_ros.intent.library import Library
from shadow_ros.intent.router import Decision, effective_threshold, route
from shadow_ros.intent.thought import Thought
from shadow_ros.intent.tongue import Tongue
from shadow_ros.nodes.backbone import Case, Desk, Outcome, Outlets
from shadow_ros.nodes.base import BROKEN, Check, OK, ShadowNode, WARN
from shadow_ros.nodes.inbox import Heard, Inbox, LONGEST_RECORD, ms
from shadow_ros.nodes.process import run
from shadow_ros.phrases import language, say
from shadow_ros.plan import Action, Plan
from shadow_ros.records import Event, Feedback, new_id, PlanRecord, RobotState
from shadow_ros.speech.stopword import is_no, is_panic, is_stop, is_yes

_LONGEST_STOP = 500  # characters; what is longer is no stop word and goes the way of all text
_LONGEST_QUESTION = SETTINGS['robot.confirm_timeout'].high + 5.0  # s; who asked may have died


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
        self._keeper = Keeper(Library(), settings.device, self.get_logger().error)
        self._engine: Optional[EdgeEngine] = self._keeper.open(settings.model)
        self._inbox, self._talk = Inbox(), Conversation()
        self._order = threading.Lock()
        self._newest_stop = self._newest_heard = 0.0
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
        self._publish_comparison = self.text_publisher('comparison')
        self._posture = ''
        self.listen('state', self._on_state)
        self._desk: Optional[Desk] = Desk(settings.backbone, Outlets(
            self._settle, self._publish_reply,
            lambda found: self._publish_comparison(found.to_json()),
            lambda text: self.get_logger().info(text)), lambda: self._posture)
        self.serve_later(SetBool, 'attach_backbone', self._on_attach)
        self.every(0.1, lambda: self._desk and self._desk.tick(time.monotonic()))
        self.serve(SetBool, 'feedback', self._on_feedback)
        self.every(0.2, self._send_again)
        self.every(0.5, self._swap)

    def activate(self) -> None:
        """Begin to think."""
        self._inbox = Inbox()
        self._thread = threading.Thread(target=self._work, name='intent', daemon=True)
        self._thread.start()

    def deactivate(self) -> None:
        """Forget what waits and finish the thought."""
        if self._desk:
            self._desk.void()
        self._inbox.close()
        self._thread.join(10.0)

    def cleanup(self) -> None:
        """Let go of the model and of the cloud."""
        if hasattr(self, '_keeper'):
            self._keeper.close()
        self._engine = None
        desk, self._desk = getattr(self, '_desk', None), None
        if desk:
            desk.close()

    def reconfigured(self, old: Config) -> None:
        """Take on how the cloud is to be used; begin to load another model if one is wanted."""
        if self._desk:
            self._desk.settings = self.config.intent.backbone
        self._keeper.want(self.config.intent.model)

    def _swap(self) -> None:
        """Take on a model that is ready; the command being thought about keeps its own."""
        engine = self._keeper.step()
        if engine:
            self._engine = engine
            self.get_logger().info(f'the model {engine.card.name} works now')
        if self._keeper.wanted != self.config.intent.model:  # it failed, and the old one stays
            self.set_parameters([Parameter('intent.model', value=self._keeper.wanted)])

    def checks(self) -> Iterable[Check]:
        """Yield the health of model, queue and backbone."""
        engine = getattr(self, '_engine', None)
        if engine is None:
            return
        name = engine.card.name
        trouble = self._trouble or self._keeper.trouble
        level = BROKEN if self._trouble else WARN if trouble else OK
        yield Check('model', level, trouble or name, {
            'model': name, 'commands': self._done, 'waiting': len(self._inbox),
            'dropped': self._inbox.dropped, 'last_plan': self._corrections.last_id,
            **{f'{topic}_listeners': self.count_subscribers(topic)
               for topic in ('command', 'feedback')},
            'last_confidence': round(self._last.confidence, 3),
            **{f'last_{step}_ms': ms for step, ms in self._last.timing_ms.items()}})
        if self._courier.unheard(time.monotonic()):
            yield Check('action node', WARN, 'nobody answered the last plan; is the node running?')
        if self._desk:
            fine, sentence = self._desk.health()
            yield Check('backbone', OK if fine else WARN, sentence, self._desk.figures())

    # Callbacks.

    def _on_text(self, text: str, source: str) -> None:
        heard = Heard(text, source)
        if not text.strip():
            if source == 'command':
                self._publish_reply(say('not_understood', language(text)))
        elif _stops(text):
            self._stop(heard)
        elif not (self._asking(heard.at) and (is_yes(text) or is_no(text))):
            with self._order:
                self._newest_heard = heard.at
            if self._desk:
                self._desk.void()  # the final wish wins
            if self._inbox.put(heard):
                self.get_logger().warning('commands come faster than they can be understood; '
                                          'the oldest one that waited was dropped')

    def _stop(self, heard: Heard) -> None:
        with self._order:
            self._newest_stop = heard.at
            self._inbox.clear()
            if self._desk:
                self._desk.void()
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

    def _on_attach(self, attach: bool) -> 'Future[tuple[bool, str]]':
        found: Future[tuple[bool, str]] = Future()
        if self._desk is None or not self.active:
            found.set_result((False, 'the node intent is not active; activate it first'))
        elif attach and not self.config.intent.backbone.url:
            found.set_result((False, 'no backbone is configured; set intent.backbone.url (launch '
                              'argument backbone_url) to its address and start again'))
        else:
            return self._desk.attach(attach)
        return found

    def _on_state(self, text: str) -> None:
        try:
            self._posture = RobotState.from_json(text).posture
        except PlanError as error:
            self.get_logger().debug(str(error))

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
        queue = ms(time.monotonic() - heard.at)
        sent: list[Decision] = []
        plan_ids: list[str] = []
        threshold = effective_threshold(self.config.intent.threshold, engine.card.threshold)
        correction = self._correction(heard, engine, threshold)
        words = correction.rest if correction else heard.text
        turns, desk = self._talk.turns(heard.at), self._desk
        assert desk is not None

        def decide(thought: Thought, final: bool) -> None:
            decision = route(thought, heard.text, threshold, desk.attached, desk.asks_unsure,
                             engine.card.bold)
            if not sent and (final or decision.plan.actions or decision.reason):
                sent.append(decision)
                case = Case(new_id(), words, decision, thought, heard, turns, queue,
                            time.monotonic())
                plan_ids.append(case.plan_id)
                if decision.ask_cloud:
                    self._ask(case)
                else:
                    self._send(case)
            elif sent and not sent[0].reason and decision.plan.reply:
                self._say(heard, decision.plan, plan_ids[0])

        thought = engine.think(words, lambda partial: decide(partial, False), turns)
        if not thought.plan.actions and not thought.plan.reply:
            thought = Thought(Plan(reply=say('not_understood', language(heard.text))),
                              timing_ms=thought.timing_ms, model=thought.model)
        decide(thought, True)
        if not sent[0].ask_cloud:
            if sent[0].reason != 'unsure':
                self._talk.add(words, sent[0].plan, heard.at)
            desk.opinion(Case(plan_ids[0], words, sent[0], thought, heard, turns, queue,
                              time.monotonic()))
        self._learn(heard, sent[0], plan_ids[0], correction)
        self._done, self._last = self._done + 1, thought

    def _correction(self, heard: Heard, engine: EdgeEngine,
                    threshold: float) -> Optional[Correction]:
        """Return what the text corrects; a mere "no, ..." only if it goes on with a command."""
        found = self._corrections.find(heard.text, heard.at)
        if found is None or found.firm:
            return found
        decision = route(engine.think(found.rest), found.rest, threshold,
                         bold=engine.card.bold)
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
                                heard.text[:LONGEST_RECORD], heard.stamp))
        self._corrections.planned(plan_id, heard.at, correction.plan_id if correction else '')

    def _ask(self, case: Case) -> None:
        """Hand a command to the cloud, unless it is void already."""
        assert self._desk is not None
        with self._order:
            void = case.heard.at <= self._newest_stop or case.heard.at < self._newest_heard
        if not void:
            self._desk.begin(case)

    def _settle(self, case: Case, outcome: Outcome) -> None:
        """Publish what came of asking the cloud; called in the link's thread."""
        record = case.heard.record(
            outcome.plan, id=case.plan_id, by=outcome.by, confidence=outcome.confidence,
            model=outcome.model, timing_ms=outcome.timing_ms)
        with self._order:
            if case.heard.at <= self._newest_stop or case.heard.at < self._newest_heard:
                return
            self._deliver(record)
            if case.decision.reason == 'remote' or outcome.by == 'cloud':
                self._talk.add(case.words, outcome.plan, case.heard.at)
        self._say(case.heard, outcome.plan, case.plan_id)

    def _send(self, case: Case) -> None:
        """Publish the edge's decision, unless a stop came after its command."""
        heard, decision = case.heard, case.decision
        record = heard.record(
            decision.plan, id=case.plan_id, confidence=decision.confidence,
            model=case.thought.model,
            timing_ms={'queue': case.queue_ms, **case.thought.timing_ms})
        with self._order:
            if heard.at > self._newest_stop:
                self._deliver(record)
        self._say(heard, decision.plan, case.plan_id)

    def _say(self, heard: Heard, plan: Plan, plan_id: str) -> None:
        """Say the reply: to talk at once, to a motion when it is accepted."""
        if not plan.reply or heard.at <= self._newest_stop:
            return
        if plan.route == 'edge':
            self._tongue.reply(plan_id, plan.reply)
        else:
            self._publish_reply(plan.reply)


def _stops(text: str) -> bool:
    """Return whether a text is a stop, also as a correction ("no, I meant stop")."""
    if len(text) > _LONGEST_STOP:
        return False
    words = words_of(text)
    return any(is_stop(part) or is_panic(part) for part in (text, words.rest if words else ''))


def main() -> NoReturn:
    """Run the intent node."""
    run(IntentNode)


if __name__ == '__main__':
    main()
