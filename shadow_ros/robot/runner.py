"""The runner: carries out one guarded plan after another; pure, time passed in."""

from dataclasses import dataclass, field
import math
from typing import Any, Mapping, Optional, Sequence

from shadow_ros.phrases import language, say, spoken
from shadow_ros.records import Event, PlanRecord
from shadow_ros.robot.body import BodyState, Command, Halt, Outcome, Perform
from shadow_ros.robot.drive import arrived, Drive, make_drive, Progress
from shadow_ros.robot.guard import nominal_seconds, STALE_SECONDS, Step

MOVE_WITHIN = 1.5  # s in which a commanded body must have begun to move
STUCK_AFTER = 2.0  # s without progress on the way
LITTLE = {'m': 0.03, 'rad': 0.03}  # less progress than this is none
SETTLE_SECONDS = 3.0  # s that a body has to come to rest after a Halt
PROGRESS_EVERY = 1.0  # s between progress events


@dataclass
class Effects:
    """What a step wants done: commands to the body, events and replies to publish, in order."""

    commands: list[Command] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)

    def extend(self, other: 'Effects') -> None:
        """Append the other's effects."""
        self.commands += other.commands
        self.events += other.events
        self.replies += other.replies


@dataclass
class _Walk:
    """A MOVE or TURN under way; `best` is the most progress, `best_at` when it was made."""

    drive: Drive
    begun: float
    best: float = 0.0
    best_at: float = 0.0
    told_at: float = 0.0


@dataclass
class _Job:
    """The plan that is being carried out."""

    record: PlanRecord
    steps: Sequence[Step]
    place: int = 0
    walk: Optional[_Walk] = None
    token: int = 0
    begun: float = 0.0

    @property
    def step(self) -> Step:
        return self.steps[self.place]

    @property
    def lang(self) -> str:
        return language(self.record.text or self.record.plan.reply)


@dataclass
class _Rest:
    """
    A body coming to rest: Halt is repeated until it reports stillness.

    Then the plan ids in `asked` get their 'stopped' ('' for the stop service), and the plan in
    hand goes on if `advance` is set.
    """

    since: float
    asked: list[str] = field(default_factory=list)
    reply: str = ''
    advance: bool = False
    warned: bool = False


class Runner:
    """
    Carries out steps on a body: one at a time, closed loop, verified.

    Feed it plans (`begin`), stops (`stop`) and, at 20 Hz or faster, `step` with the body's
    latest report; do what the returned Effects say.
    """

    def __init__(self) -> None:
        self.speed = 'normal'
        self._job: Optional[_Job] = None
        self._rest: Optional[_Rest] = None
        self._waiting: Optional[_Job] = None
        self._tokens = 0

    @property
    def busy(self) -> bool:
        """Return whether a plan runs or the body is coming to rest."""
        return self._job is not None or self._rest is not None

    def begin(self, record: PlanRecord, steps: Sequence[Step], now: float,
              state: BodyState) -> Effects:
        """Start a plan; what runs is cancelled first, and the body comes to rest in between."""
        effects = Effects()
        job = _Job(record, steps)
        if self._waiting:
            effects.events.append(_cancelled(self._waiting, 'newer'))
            self._waiting = None
        if self._job:
            effects.extend(self._cut(now, 'newer'))
        if self._rest:
            self._waiting = job
        else:
            effects.extend(self._start(job, now, state))
        return effects

    def stop(self, now: float, plan_id: str = '', reply: str = '') -> Effects:
        """Stop everything at once; 'stopped' follows for this plan when the body is still."""
        effects = Effects(commands=[Halt()])
        effects.events += [_cancelled(job, 'stopped')
                           for job in (self._job, self._waiting) if job]
        rest = self._rest or _Rest(now)
        self._job = self._waiting = None
        # The plan of a spoken stop follows at once and has nothing to say: the first answer stays.
        self._rest = _Rest(now, [*rest.asked, plan_id], reply or rest.reply)
        return effects

    def step(self, now: float, state: BodyState, outcomes: Sequence[Outcome] = ()) -> Effects:
        """Advance by one tick (20 Hz or faster)."""
        if self._rest:
            return self._settle(now, state)
        if not self._job:
            return Effects()
        if self._job.walk and state.error:
            return self._fail(now, state.error)
        if now - state.stamp > STALE_SECONDS:
            return self._fail(now, say('no_state', self._job.lang, seconds=now - state.stamp))
        if self._job.walk:
            return self._walk_on(self._job.walk, now, state)
        return self._await(now, state, outcomes)

    # -- one plan -------------------------------------------------------------------------------

    def _start(self, job: _Job, now: float, state: BodyState) -> Effects:
        """Begin the step in hand of this plan."""
        self._job, step = job, job.step
        job.begun = now
        effects = Effects(events=[_event(
            job, 'started', say('stand_first', job.lang) if step.inserted else '',
            {'inserted': True} if step.inserted else {})])
        if step.action.name == 'STOP':
            self._rest = _Rest(now, advance=True)
            effects.commands.append(Halt())
        elif step.action.name in ('MOVE', 'TURN'):
            drive = make_drive(step.action, self.speed, state, now)
            job.walk = _Walk(drive, begun=now, best_at=now, told_at=now)
            effects.commands.append(drive.velocity(now, state))
        else:
            self._tokens += 1
            job.token = self._tokens
            effects.commands.append(Perform(job.token, step.action))
        return effects

    def _advance(self, now: float, state: BodyState, data: Mapping[str, Any]) -> Effects:
        """Finish the step in hand and begin the next, or the plan is done."""
        job = self._job
        assert job is not None
        if job.step.action.name == 'SPEED':
            self.speed = str(job.step.action.get('level'))
        effects = Effects(events=[_event(
            job, 'done', data={**data, 'seconds': round(now - job.begun, 3)})])
        job.place, job.walk, job.token = job.place + 1, None, 0
        if job.place < len(job.steps):
            effects.extend(self._start(job, now, state))
        else:
            self._job = None
            effects.events.append(Event(job.record.id, 'done'))
        return effects

    def _fail(self, now: float, reason: str, data: Mapping[str, Any] = {}) -> Effects:
        """Give the plan up, stop the body, and say why."""
        job = self._job
        assert job is not None
        reason = spoken(reason, job.lang)
        self._job, self._rest = None, _Rest(now)
        return Effects([Halt()], [_event(job, 'failed', reason, data),
                                  Event(job.record.id, 'failed', reason=reason)], [reason])

    def _cut(self, now: float, reason: str) -> Effects:
        """Cancel the running plan; the body comes to rest before anything else begins."""
        job = self._job
        assert job is not None
        self._job, self._rest = None, _Rest(now)
        return Effects([Halt()], [_cancelled(job, reason)])

    def _await(self, now: float, state: BodyState, outcomes: Sequence[Outcome]) -> Effects:
        """Wait for the outcome of a Perform."""
        job = self._job
        assert job is not None
        for outcome in outcomes:
            if outcome.token == job.token:
                return self._advance(now, state, {}) if outcome.done \
                    else self._fail(now, outcome.reason)
        limit = 2 * nominal_seconds(job.step.action, self.speed) + 10.0
        if now - job.begun > limit:
            return self._fail(now, say('timed_out', job.lang, action=str(job.step.action),
                                       seconds=limit))
        return Effects()

    # -- walking --------------------------------------------------------------------------------

    def _walk_on(self, walk: _Walk, now: float, state: BodyState) -> Effects:
        """Command the next velocity, or finish or give up the walk."""
        job = self._job
        assert job is not None
        progress = walk.drive.progress(now, state)
        if arrived(walk.drive, now, state):
            self._rest = _Rest(now, advance=True)
            return Effects([Halt()])
        if progress.done > walk.best + LITTLE[progress.unit]:
            walk.best, walk.best_at = progress.done, now
        trouble = self._trouble(job, walk, progress, now)
        if trouble:
            return self._fail(now, trouble, _figures(progress))
        effects = Effects([walk.drive.velocity(now, state)])
        if now - walk.told_at >= PROGRESS_EVERY:
            walk.told_at = now
            effects.events.append(_event(job, 'progress', data=_figures(progress)))
        return effects

    def _trouble(self, job: _Job, walk: _Walk, progress: Progress, now: float) -> str:
        """Return why the walk cannot go on, or ''."""
        if not walk.best and now - walk.begun > MOVE_WITHIN:
            return say('did_not_move', job.lang)
        if now - walk.best_at > STUCK_AFTER:
            done, goal, unit = _in_words(progress)
            return say('got_stuck', job.lang, done=done, goal=goal, unit=unit)
        limit = 2 * nominal_seconds(job.step.action, self.speed) + 5.0
        if now - walk.begun > limit:
            return say('timed_out', job.lang, action=str(job.step.action), seconds=limit)
        return ''

    def _settle(self, now: float, state: BodyState) -> Effects:
        """Repeat Halt until a report newer than it says that the body is still."""
        rest = self._rest
        assert rest is not None
        if not state.pose_known:
            at_rest = now - rest.since >= 0.3  # no odometry: trust the brakes for this long
        else:
            at_rest = state.still and state.stamp > rest.since
        if at_rest:
            return self._rested(rest, now, state)
        effects = Effects([Halt()])
        if now - rest.since > SETTLE_SECONDS and not rest.warned:
            rest.warned = True
            effects.extend(self._restless(rest, now))
        return effects

    def _restless(self, rest: _Rest, now: float) -> Effects:
        """Say that the body does not come to rest; Halt goes on, waiting plans are dropped."""
        jobs = [job for job in (self._job, self._waiting) if job]
        reason = say('still_moving', jobs[0].lang if jobs else 'en', seconds=now - rest.since)
        ids = [*rest.asked, *(job.record.id for job in jobs)]
        self._job = self._waiting = None
        rest.advance, rest.asked = False, []
        return Effects(events=[Event(i, 'failed', reason=reason) for i in ids], replies=[reason])

    def _rested(self, rest: _Rest, now: float, state: BodyState) -> Effects:
        """Tell who waited for the rest, and go on with the plan in hand or the one that waits."""
        self._rest = None
        effects = Effects(replies=[rest.reply] if rest.reply else [])
        for plan_id in rest.asked:
            effects.events.append(Event(plan_id, 'stopped', reason=rest.reply,
                                        data={'seconds': round(now - rest.since, 3)}))
            if plan_id:
                effects.events.append(Event(plan_id, 'done'))
        if rest.advance and self._job:
            walk = self._job.walk
            effects.extend(self._advance(
                now, state, _figures(walk.drive.progress(now, state)) if walk else {}))
        elif self._waiting:
            job, self._waiting = self._waiting, None
            effects.extend(self._start(job, now, state))
        return effects


def _event(job: _Job, kind: str, reason: str = '', data: Mapping[str, Any] = {}) -> Event:
    """Return an event of the step in hand."""
    return Event(job.record.id, kind, job.step.index, str(job.step.action), reason, data=data)


def _cancelled(job: _Job, reason: str) -> Event:
    """Return the event that ends a plan which gave way."""
    return Event(job.record.id, 'cancelled', reason=say(reason, job.lang))


def _in_words(progress: Progress) -> tuple[float, float, str]:
    """Return done, goal and unit as people say them: metres or degrees."""
    if progress.unit == 'rad':
        return math.degrees(progress.done), math.degrees(progress.goal), '°'
    return progress.done, progress.goal, 'm'


def _figures(progress: Progress) -> dict[str, float]:
    """Return the progress as event data: {'done_m': ..., 'goal_m': ...} or in degrees."""
    done, goal, unit = _in_words(progress)
    name = 'deg' if unit == '°' else 'm'
    return {f'done_{name}': round(done, 3), f'goal_{name}': round(goal, 3)}
