"""Plays a scenario in a world, on its clock, and judges what came of it."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Callable, Mapping, Optional

from shadow_ros.plan import parse, Plan
from shadow_ros.robot.guard import Rule, RULES, Settings
from shadow_ros.robot.pilot import Pilot
from shadow_ros.simulation.bags import read_bag
from shadow_ros.simulation.claims import CLAIMS, Window
from shadow_ros.simulation.graph import Graph
from shadow_ros.simulation.mind import Mind
from shadow_ros.simulation.scenario import Claim, Scenario, Step
from shadow_ros.simulation.trace import Given, Trace
from shadow_ros.simulation.world import World

PATIENCE = 120.0  # s that the robot may need to finish before the script gives up
AT_LEAST = 0.2  # s between two steps of which the second waits for the first: it must be heard
_SERVICES = {'stop': 'stop service', 'resume': 'resume service', 'confirm': 'yes', 'deny': 'no'}


@dataclass(frozen=True)
class Verdict:
    """One claim and what is so instead, '' when it holds; `step` 0 is the whole run."""

    step: int
    claim: str
    value: str
    complaint: str


@dataclass(frozen=True)
class Run:
    """A scenario that was played: its verdicts, its trace, how long it was in its own time (s)."""

    scenario: Scenario
    verdicts: tuple[Verdict, ...]
    trace: Trace
    seconds: float
    skipped: str = ''

    @property
    def complaints(self) -> tuple[Verdict, ...]:
        """Return the verdicts that are none of praise."""
        return tuple(verdict for verdict in self.verdicts if verdict.complaint)

    @property
    def passed(self) -> bool:
        """Return whether every claim holds."""
        return not self.complaints and not self.skipped


def skipped(scenario: Scenario, why: str) -> Run:
    """Return the run of a scenario that cannot be played here, with the reason."""
    return Run(scenario, (), Trace(), 0.0, why)


def play(scenario: Scenario, world: World, mind: Optional[Mind] = None,
         rules: Mapping[str, Rule] = RULES) -> Run:
    """Play the scenario and judge it; the world is closed at the end."""
    settings = Settings(scenario.start.acrobatics, scenario.start.confirm_timeout)
    pilot = Pilot(settings, world.body.refusal, dict(rules))
    player = _Player(scenario, world, pilot, mind)
    try:
        world.start()
        return player.play()
    finally:
        world.close()


class _Player:
    """The hand that follows the script."""

    def __init__(self, scenario: Scenario, world: World, pilot: Pilot,
                 mind: Optional[Mind]) -> None:
        self._scenario, self._world = scenario, world
        self._trace = Trace()
        self._graph = Graph(world.body, pilot, self._trace, mind)
        self._begin = 0.0
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._late = ''

    @property
    def _now(self) -> float:
        return self._world.now - self._begin

    def play(self) -> Run:
        self._begin = self._world.now
        self._graph.begin(self._world.now)
        self._sample()
        before: Optional[Given] = None
        for step in self._scenario.steps:
            self._wait_for(step, before)
            before = self._do(step)
        self._until(lambda: self._at_rest() and not self._later, PATIENCE)
        self._pass(self._scenario.tail)
        self._trace.requests = [replace(sent, time=sent.time - self._begin)
                                for sent in self._world.requests()]
        return Run(self._scenario, tuple(self._judge()), self._trace, round(self._now, 2))

    # -- time -----------------------------------------------------------------------------------

    def _pass(self, seconds: float) -> None:
        end = self._now + seconds
        self._until(lambda: self._now >= end - 1e-9, seconds + 1.0)

    def _until(self, true: Callable[[], bool], patience: float) -> bool:
        """Let time pass until it is true; return False when patience ends before that."""
        end = self._now + patience
        while not true():
            if self._now > end:
                return False
            self._tick()
        return True

    def _tick(self) -> None:
        self._world.tick(not (self._graph.frozen or self._graph.dead))
        self._graph.step(self._world.now)
        self._sample()
        due = [item for item in self._later if item[0] <= self._now]
        self._later = [item for item in self._later if item[0] > self._now]
        for _, call in due:
            call()

    def _sample(self) -> None:
        moment = self._world.moment()
        self._trace.moments.append(replace(moment, time=round(self._now, 3)))

    def _at_rest(self) -> bool:
        """Return whether nothing is under way and the dog has come to rest."""
        if self._graph.dead:
            return self._trace.now.still
        return self._graph.quiet and not self._graph.frozen and self._trace.now.still

    def _wait_for(self, step: Step, before: Optional[Given]) -> None:
        """Let time pass until the step is due."""
        if step.after is not None or step.walked is not None:
            since = before.time if before else 0.0
            if step.walked is not None:
                here, far = self._trace.at(since), step.walked
                came = self._until(lambda: abs(self._trace.now.x - here.x) >= far
                                   or abs(self._trace.now.y - here.y) >= far, 30.0)
                self._late = self._late or ('' if came else f'step {step.number}: the dog did '
                                            f'not come {far:g} m within 30 s')
            self._pass(max(0.0, since + (step.after or 0.0) - self._now))
        elif before is not None:
            self._pass(AT_LEAST)
            came = self._until(lambda: self._graph.pilot.asking or self._at_rest(), PATIENCE)
            self._late = self._late or ('' if came else f'step {step.number}: the robot did not '
                                        f'finish within {PATIENCE:.0f} s')
        self._pass(step.pause)

    # -- deeds ----------------------------------------------------------------------------------

    def _do(self, step: Step) -> Given:
        deeds: Mapping[str, Callable[[Step], Given]] = {
            'say': self._say, 'partial': self._partial, 'hear': self._hear, 'send': self._send,
            'raw': self._raw, 'service': self._service, 'fault': self._fault, 'wait': self._wait,
            'play': self._play, 'close': self._close}
        return deeds[step.kind](step)

    def _give(self, text: str, source: str) -> Given:
        given = Given(round(self._now, 3), text, source)
        self._trace.given.append(given)
        return given

    def _text(self, given: Given, text: str, source: str, plan: Optional[Plan]) -> None:
        given.plan_ids.extend(self._graph.text(text, source, plan))

    def _say(self, step: Step) -> Given:
        given = self._give(step.value, 'typed')
        self._text(given, step.value, 'command', step.plan)
        return given

    def _partial(self, step: Step) -> Given:
        given = self._give(step.value, 'partial')
        self._graph.partial(step.value)
        return given

    def _hear(self, step: Step) -> Given:
        from shadow_ros.simulation.ears import hear
        given = self._give(step.value.words or step.value.file.name, 'spoken')
        for heard in hear(step.value):
            self._later.append((self._now + heard.time, self._hearing(
                given, heard.kind, heard.text, step.plan)))
        end = max((at for at, _ in self._later), default=self._now)
        self._until(lambda: self._now > end, PATIENCE)
        return given

    def _hearing(self, given: Given, kind: str, text: str,
                 plan: Optional[Plan]) -> Callable[[], None]:
        """Return what passes on something heard, when its time has come."""
        def pass_on() -> None:
            if kind == 'partial':
                self._graph.partial(text)
                return
            self._trace.heard.append((self._now, text))
            self._text(given, text, 'speech', plan)
        return pass_on

    def _send(self, step: Step) -> Given:
        given = self._give(step.value, 'plan')
        record = self._graph.record(parse(step.value), 'scenario', '', -step.stamp, step.by)
        given.plan_ids.append(record.id)
        self._graph.send(record)
        return given

    def _raw(self, step: Step) -> Given:
        given = self._give(step.value, 'plan')
        self._graph.raw(step.value)
        return given

    def _service(self, step: Step) -> Given:
        given = self._give(_SERVICES[step.value], 'service')
        if step.value == 'stop':
            self._graph.stop(latch=True)
        elif step.value == 'resume':
            self._graph.resume()
        else:
            self._graph.answer(step.value == 'confirm')
        return given

    def _fault(self, step: Step) -> Given:
        given = self._give(step.value, 'fault')
        end: Callable[[], None]
        if step.value in ('frozen node', 'dead node'):
            end = self._stun(step.value)
        else:
            end = self._world.fault(step.value, step.amount)
        if step.seconds:
            self._later.append((self._now + step.seconds, end))
        return given

    def _stun(self, fault: str) -> Callable[[], None]:
        """Let the node's process stand still, or be gone for good."""
        if fault == 'dead node':
            self._graph.dead = True
            return self._world.fault(fault, 0.0)
        self._graph.frozen = True

        def wake() -> None:
            self._graph.frozen = False
        return wake

    def _wait(self, step: Step) -> Given:
        given = self._give(f'{step.value:g} s later', 'time')
        self._pass(step.value)
        return given

    def _play(self, step: Step) -> Given:
        entries = read_bag(step.value) if isinstance(step.value, Path) else step.value
        given = self._give(f'bag of {len(entries)} messages', 'bag')
        for at, topic, text in entries:
            self._later.append((self._now + at, self._message(given, topic, text, step.plan)))
        end = max((at for at, _ in self._later), default=self._now)
        self._until(lambda: self._now > end, PATIENCE)
        return given

    def _message(self, given: Given, topic: str, text: str,
                 plan: Optional[Plan]) -> Callable[[], None]:
        """Return what passes on a message of a bag."""
        if topic == 'partial':
            return lambda: self._graph.partial(text)
        if topic == 'plan':
            return lambda: self._graph.raw(text)
        return lambda: self._text(given, text, topic, plan)

    def _close(self, step: Step) -> Given:
        given = self._give('the node ends', 'service')
        self._graph.close()
        return given

    # -- judgement ------------------------------------------------------------------------------

    def _judge(self) -> list[Verdict]:
        verdicts = [Verdict(0, 'in time', '', self._late)] if self._late else []
        ends = [given.time for given in self._trace.given[1:]] + [self._now]
        for step, given, end in zip(self._scenario.steps, self._trace.given, ends):
            window = Window(self._trace, given.time, end, given.plan_ids)
            verdicts += [_verdict(step.number, claim, window) for claim in step.expect]
        whole = Window(self._trace, 0.0, self._now)
        return verdicts + [_verdict(0, claim, whole) for claim in self._scenario.expect]


def _verdict(step: int, claim: Claim, window: Window) -> Verdict:
    return Verdict(step, claim.name, str(claim.value), CLAIMS[claim.name][1](claim.value, window))
