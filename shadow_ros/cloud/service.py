"""
Service: requests in, plans out, with one backbone and one batcher behind them.

    service = Service(Backbone.load(), slots=32, queue=64)
    answer = await service.plan(PlanRequest(text='walk in a square'))
    await service.text(('user', 'sit'), on_text=...)          # the same for the other door
"""

import asyncio
from dataclasses import dataclass
import time
from typing import Optional, Sequence

from shadow_ros.cloud.backbone import Backbone
from shadow_ros.cloud.batcher import Batcher, Full, Job, Late, OnText, Watch
from shadow_ros.cloud.dialect import TooLong
from shadow_ros.cloud.protocol import About, PlanAnswer, PlanRequest
from shadow_ros.intent.decode import Decoded, Pen
from shadow_ros.intent.follow_up import follow_up, read_phrases
from shadow_ros.intent.prompt import clean, Turn
from shadow_ros.phrases import language, say
from shadow_ros.plan import parse, Plan

__all__ = ['Full', 'Late', 'Service']


@dataclass(frozen=True)
class Written:
    """A plan, how sure the backbone is, tokens read and written, and the times (ms)."""

    plan: Plan
    confidence: float = 1.0
    read: int = 0
    written: int = 0
    queue_ms: float = 0.0
    total_ms: float = 0.0


class Service:
    """Answers any number of callers of one event loop; `close` lets it finish."""

    def __init__(self, backbone: Backbone, slots: int = 32, queue: int = 64,
                 watch: Optional[Watch] = None) -> None:
        from shadow_ros.shadow.batch import BatchRuntime
        read_phrases()
        self.backbone = backbone
        runtime = BatchRuntime(backbone.model, slots, backbone.dialect.room)
        pen = Pen(backbone.dialect.grammar, backbone.temperature)
        self.batcher = Batcher(runtime, pen, queue, watch)

    @property
    def about(self) -> About:
        """Return who answers here."""
        return About(model=self.backbone.name, turns=self.backbone.turns)

    async def plan(self, request: PlanRequest) -> PlanAnswer:
        """Return the plan of a request; raises Full, or Late after its deadline."""
        turns = [(turn.user, turn.plan) for turn in request.turns]
        done = await self.write(request.text, turns, request.posture, request.deadline_ms / 1000)
        return PlanAnswer(
            plan=str(done.plan), confidence=round(done.confidence, 4), model=self.backbone.name,
            timing_ms={'queue': done.queue_ms, 'total': done.total_ms})

    async def write(self, text: str, turns: Sequence[Turn], posture: str, seconds: float,
                    on_text: Optional[OnText] = None) -> Written:
        """Return what is written for a command within so many seconds."""
        began = time.monotonic()
        if not clean(text):
            return Written(Plan(reply=say('not_understood', language(text))))
        if referred := follow_up(text, turns):
            return Written(referred)
        try:
            prompt = self.backbone.dialect.prompt(text, turns, posture)
        except TooLong:
            return Written(Plan(reply=say('too_much_text', language(text))))
        job = self.batcher.submit(prompt, began + seconds, on_text)
        return _written(await _result(job), job, language(text), began)

    def close(self, seconds: float = 5.0) -> None:
        """Take no more requests and write what is under way, for so long at most."""
        self.batcher.close(seconds)


async def _result(job: Job) -> Decoded:
    """Return what a job led to; who stops waiting for it cancels it."""
    try:
        return await asyncio.wrap_future(job.future)
    finally:
        job.cancel()


def _written(done: Decoded, job: Job, lang: str, began: float) -> Written:
    """Return the plan of what was decoded; half an action is no action."""
    if done.actions is None:
        plan, confidence = Plan(reply=say('not_understood', lang)), 0.0
    else:
        # A reply cut at its limit may end in the middle of a character.
        plan, confidence = parse(done.text.decode('utf-8', 'ignore')), done.confidence
    return Written(plan, confidence, len(job.prompt), done.tokens - len(job.prompt),
                   _ms(job.begun_at - began), _ms(time.monotonic() - began))


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 3)
