"""Plays steps on a stage, or takes typed lines, and reports how it went."""

from contextlib import suppress
from dataclasses import dataclass
import os
import queue
import sys
import threading
import time
from typing import Iterator, Optional, Sequence

from shadow_ros.commands.expect import carried_out_or_refused, Result
from shadow_ros.commands.player import Player
from shadow_ros.commands.recording import moved, Said
from shadow_ros.commands.stage import Stage
from shadow_ros.commands.style import bold, one_line, pad, paint, say_line
from shadow_ros.commands.tour import Step
from shadow_ros.speech.stopword import is_no, is_yes

_WALK_SECONDS = 10.0  # for a walk to come as far as the stop that is to end it


@dataclass(frozen=True)
class Verdict:
    """A command, what was expected of it, and what was wrong ('' when nothing was)."""

    text: str
    expected: str
    complaint: str
    number: Optional[int] = None


def play(stage: Stage, steps: Sequence[Step], timeout: float) -> bool:
    """Play all steps, print the table of verdicts; return whether all were as expected."""
    begun = time.monotonic()
    verdicts: list[Verdict] = []
    left = list(steps)
    while left:
        verdicts += _play_next(stage, left, timeout)
    _print_table(verdicts, time.monotonic() - begun)
    return not any(verdict.complaint for verdict in verdicts)


def _play_next(stage: Stage, left: list[Step], timeout: float) -> list[Verdict]:
    """Play the first of the steps that are left, with those that belong to it; take them off."""
    step = left.pop(0)
    if step.wav:
        return _speak(stage, step, timeout)
    player = stage.player
    given = [(step, player.give(step.text))]
    if step.stop_after:
        _let_walk(player, given[0][1], step.stop_after)
        step = left.pop(0)
        given.append((step, player.give(step.text)))
    elif left and (is_yes(left[0].text) or is_no(left[0].text)):
        _answer(player, given[0][1], left, timeout)
    return _finish(player, given, timeout)


def _let_walk(player: Player, said: Said, metres: float) -> None:
    """Wait until the robot has walked so far, or the command has ended before that."""
    def far_enough() -> bool:
        last = player.recording.last
        return last is not None and abs(moved(said.before, last)[0]) >= metres

    with suppress(TimeoutError):  # the verdict tells
        player.follow(said, _WALK_SECONDS, far_enough)


def _answer(player: Player, said: Said, left: list[Step], timeout: float) -> None:
    """Answer a question for a yes with the next step; take it off when it was asked for."""
    with suppress(TimeoutError):
        player.follow(said, timeout, lambda: 'confirm' in said.exchange.kinds)
    if said.exchange.end is None and 'confirm' in said.exchange.kinds:
        player.reply(left.pop(0).text)


def _speak(stage: Stage, step: Step, timeout: float) -> list[Verdict]:
    """Let a sound file be heard, and judge each command that was understood."""
    assert step.wav is not None
    heard = stage.speak(step.wav)
    if not heard:
        return [Verdict(step.text, step.expect.words, 'nothing was understood')]
    return _finish(stage.player, [(step, said) for said in heard], timeout)


def _finish(player: Player, given: Sequence[tuple[Step, Said]], timeout: float) -> list[Verdict]:
    """Wait for the end of the commands and judge them."""
    trouble = ''
    for _, said in given:
        try:
            player.follow(said, timeout)
        except TimeoutError as error:
            trouble = str(error)
            say_line(paint(f'{"":12}{trouble}', 'failed'))
    player.settle()
    verdicts = [_judge(player, step, said, trouble) for step, said in given]
    for verdict in verdicts:
        say_line(f'{"":12}{_mark(verdict)} {verdict.complaint or verdict.expected}')
    return verdicts


def _judge(player: Player, step: Step, said: Said, trouble: str) -> Verdict:
    after = player.recording.last or said.before
    complaint = trouble or step.expect.check(Result(said.exchange, said.before, after))
    return Verdict(said.exchange.text, step.expect.words, complaint, said.number)


def _mark(verdict: Verdict) -> str:
    return paint('✗', 'fail') if verdict.complaint else paint('✓', 'ok')


def _print_table(verdicts: Sequence[Verdict], seconds: float) -> None:
    """Print one line for each command, and the sum of it all."""
    say_line()
    for verdict in verdicts:
        number = f'{verdict.number:>2}' if verdict.number else ' –'
        line = f'{_mark(verdict)} {number}  {pad(one_line(verdict.text), 40)} {verdict.expected}'
        say_line(f'{line}  {paint("→ " + verdict.complaint, "fail")}' if verdict.complaint
                 else line)
    wrong = sum(bool(verdict.complaint) for verdict in verdicts)
    text = f'{len(verdicts) - wrong} of {len(verdicts)} as expected, {seconds:.0f} s.'
    say_line()
    say_line(bold(paint(text, 'fail' if wrong else 'ok')))


# -- typed lines ----------------------------------------------------------------------------------


def chat(stage: Stage) -> bool:
    """Take typed lines until `quit` or the end of input; return whether all went well."""
    player = stage.player
    say_line(paint('Type what the dog shall do, in English or Chinese; "quit" ends.', 'quiet'))
    lines = _lines()
    while True:
        try:
            line = lines.get_nowait()
        except queue.Empty:
            _listen(player)
            continue
        if line is None or line.strip().lower() in ('quit', 'exit', 'bye'):
            break
        if line.strip():
            _take_line(player, line.strip())
    for said in player.live():
        player.follow(said, 60.0)
    return not any(_complaint(player, said) for said in player.recording.said)


def _complaint(player: Player, said: Said) -> str:
    """Return what went wrong with a typed command; giving way to a newer one is no mistake."""
    if said.exchange.end and said.exchange.end.kind == 'cancelled':
        return ''
    return _judge(player, Step(said.exchange.text, carried_out_or_refused()), said, '').complaint


def _listen(player: Player) -> None:
    """Take in news; when the last command under way ends, say where the robot is."""
    busy = bool(player.live())
    player.pump(0.05)
    if busy and not player.live():
        player.settle()


def _take_line(player: Player, line: str) -> None:
    """Give a line as an answer when a question waits, else as a command."""
    if (is_yes(line) or is_no(line)) and any(
            'confirm' in said.exchange.kinds for said in player.live()):
        player.reply(line)
    else:
        player.give(line)


def _lines() -> 'queue.Queue[Optional[str]]':
    """Return a queue of the lines that are typed; None follows the last."""
    lines: queue.Queue[Optional[str]] = queue.Queue()

    def read() -> None:
        for line in _raw_lines():
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, name='typed lines', daemon=True).start()
    return lines


def _raw_lines() -> Iterator[str]:
    """Yield lines of standard input; os.read, for a lock of sys.stdin would block the exit."""
    rest = b''
    while chunk := os.read(sys.stdin.fileno(), 4096):
        *whole, rest = (rest + chunk).split(b'\n')
        for line in whole:
            yield line.decode('utf-8', 'replace')
    if rest:
        yield rest.decode('utf-8', 'replace')
