"""`shadow-ros ask`: text to plan, by the same way as in the intent node; no motion."""

from contextlib import ExitStack
from itertools import chain
import json
from pathlib import Path
import sys
import time
from typing import Any, Iterable, Iterator, Optional

import click

from shadow_ros.commands.cloud import Cloud, options
from shadow_ros.commands.lines import from_file, from_stdin, Question
from shadow_ros.commands.style import bold, one_line, paint, say_line, stdout_is_terminal
from shadow_ros.errors import CloudError, ConfigError, shorten
from shadow_ros.plan import Action, Plan

_EXAMPLES = (
    '\b\n'
    '  shadow-ros ask "walk forward two meters, then sit" "坐下"\n'
    '  shadow-ros ask --file commands.txt > plans.jsonl\n'
    '  shadow-ros ask --backbone http://127.0.0.1:8713 "walk in a square"\n')


@click.command(epilog=_EXAMPLES)
@click.argument('text', nargs=-1)
@click.option('--file', 'file', type=click.Path(path_type=Path), metavar='F',
              help='Read commands from a file: lines of text, or JSON lines with "text" and, if '
                   'you like, "history" (a list of {user, plan}, oldest first). "-" is standard '
                   'input, which is also read when there is neither TEXT nor F.')
@click.option('--jsonl', is_flag=True,
              help='Print JSON lines at a terminal too (in a pipe they always are).')
@click.option('--model', type=click.Path(path_type=Path), metavar='NAME|DIR',
              help='Model by its name or folder; the current one without it.')
@options
def ask(text: tuple[str, ...], file: Optional[Path], jsonl: bool, model: Optional[Path],
        backbone: Optional[str], token_file: Optional[Path], certificate: str,
        backbone_model: str, deadline: float, policy: str) -> None:
    """
    Show what the robot would do for each TEXT. Nothing moves.

    One JSON line each: text, actions, reply, route, by, confidence, latency_ms, model.
    """
    readable = stdout_is_terminal() and not jsonl
    with ExitStack() as stack:
        cloud = stack.enter_context(Cloud(
            backbone, token_file, certificate, backbone_model, deadline)) if backbone else None
        mind = Mind(model, cloud, policy == 'unsure')
        for question in _questions(text, file):
            answer = mind.answer(question)
            say_line(_readable(answer) if readable else json.dumps(answer, ensure_ascii=False))


def _questions(text: tuple[str, ...], file: Optional[Path]) -> Iterable[Question]:
    """Return what is asked, or raise ConfigError when nothing is."""
    given: list[Iterator[Question]] = [iter([Question(part) for part in text])]
    if str(file) == '-' or (not text and file is None and not sys.stdin.isatty()):
        given.append(from_stdin())
    elif file is not None:
        given.append(from_file(file))
    elif not text:
        raise ConfigError('expected a TEXT, --file F or text on standard input, got nothing; '
                          'try: shadow-ros ask "sit down"')
    return chain.from_iterable(given)


class Mind:
    """The way of a text in the intent node: the stop word first, then the model, once loaded."""

    def __init__(self, folder: Optional[Path], cloud: Optional[Cloud] = None,
                 asks_unsure: bool = False) -> None:
        self._folder = folder
        self._cloud = cloud
        self._asks_unsure = asks_unsure
        self._engine: Any = None

    def answer(self, question: Question) -> dict[str, Any]:
        """Return what the robot would do, in the order in which it is printed."""
        text = question.text
        stop = _stops(text)
        if not stop:
            self._load()
        begun = time.perf_counter()
        answer = self._stop() if stop else self._decide(question)
        latency = (time.perf_counter() - begun) * 1000
        model = answer.pop('model')
        return {'text': text, **answer, 'latency_ms': round(latency, 3), 'model': model}

    def _load(self) -> None:
        """Load the model when the first text needs it."""
        if self._engine is None:
            from shadow_ros.intent.engine import EdgeEngine
            from shadow_ros.intent.library import Library
            self._engine = EdgeEngine.load(Library().folder(str(self._folder or '')))

    def _stop(self) -> dict[str, Any]:
        """Return the plan of a stop word."""
        return {**Plan((Action('STOP'),)).to_dict(), 'by': 'edge', 'confidence': 1.0,
                'model': 'stop word'}

    def _decide(self, question: Question) -> dict[str, Any]:
        """Return what the model thinks, after the router has looked at its confidence."""
        from shadow_ros.intent.router import route
        thought = self._engine.think(question.text, turns=question.history)
        decision = route(thought, question.text, self._engine.card.threshold,
                         self._cloud is not None, self._asks_unsure, self._engine.card.bold)
        plan, by, confidence = decision.plan, 'edge', decision.confidence
        model = self._engine.card.name
        if decision.ask_cloud and self._cloud is not None:
            from shadow_ros.cloud.policy import Question as Asked
            try:
                found = self._cloud.ask(Asked(question.text, question.history))
                plan, by, confidence, model = found.plan, 'cloud', found.confidence, found.model
            except CloudError as error:
                say_line(f'{shorten(question.text)}: {error}', err=True)
        return {**plan.to_dict(), 'by': by, 'confidence': round(confidence, 4), 'model': model}


def _stops(text: str) -> bool:
    """Return whether the text is a stop, which never waits for a model."""
    from shadow_ros.speech.stopword import is_panic, is_stop
    return is_stop(text) or is_panic(text)


def _readable(answer: dict[str, Any]) -> str:
    """Return the answer as a person reads it: text, tags, reply, where from."""
    plan = Plan.from_dict({key: answer[key] for key in ('actions', 'reply')})
    tags = ''.join(str(action) for action in plan.actions)
    origin = f'{answer["route"]} · {answer["confidence"]:.2f} · {answer["latency_ms"]:.0f} ms'
    parts = [paint(tags, 'plan') if tags else '', f'“{plan.reply}”' if plan.reply else '',
             paint(origin, 'quiet')]
    return f'{bold(one_line(answer["text"]))}\n    ' + '  '.join(part for part in parts if part)
