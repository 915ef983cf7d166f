"""
How well and how fast speech is heard: `python -m benchmarks.bench_speech [--every 4]`.

Needs espeak-ng and flite (apt install espeak-ng flite). Every utterance goes through the real
pipeline: voice activity, endpoint, recogniser with its rejection, stop word, and then through
the shipped model to a plan. A command is right when its plan is the one meant; other speech is
wrong when its plan would move the robot. Each text is spoken by one flite and one espeak-ng
voice, in turn, in three paces, in pink and motor-like noise.
"""

import argparse
from dataclasses import asdict, dataclass, field, replace
from functools import cache, partial
import itertools
import json
import math
from pathlib import Path
import random
import sys
import time
from typing import Any, Callable, Iterable, Iterator, Optional, Sequence

import numpy as np

from benchmarks.speech_audio import in_noise, missing_engines, speak, Voice
from benchmarks.speech_latency import latency, stop_latency
from benchmarks.spoken_text import kept_apart
from shadow_ros.plan import parse, Plan
from shadow_ros.speech.audio import BLOCK_SECONDS, SAMPLE_RATE, Samples
from shadow_ros.speech.listener import Callbacks, Hearing, sound_events
from shadow_ros.speech.measure import words_wrong
from shadow_ros.speech.recogniser import BEST, make_recogniser, Recogniser, StopChance, \
    StopWeigher
from shadow_ros.speech.sources import ArraySource
from shadow_ros.speech.spotter import ALONE, Belief, Beliefs, ends_in_stop, StopSpotter, WITHIN
from shadow_ros.speech.stopword import hears_stop
from shadow_ros.speech.vad import SileroVad

HERE = Path(__file__).parent
FLITE = tuple(Voice('flite', name) for name in ('slt', 'rms', 'awb'))
ESPEAK = tuple(Voice('espeak-ng', name) for name in ('en-us', 'en-gb', 'en-us+f3'))
PACES = (0.85, 1.0, 1.2)
CONDITIONS = (('pink', 40.0), ('pink', 20.0), ('pink', 10.0), ('motor', 10.0), ('pink', 5.0),
              ('motor', 5.0))
LEAD, TAIL = 0.5, 0.9  # s of noise around every clip
CAUTION = {'boldest': -1.0, 'bold': -0.5, 'shipped': 0.0, 'careful': 0.5, 'strict': 1.0}
"""By how much a stop must be likelier for a recogniser that weighs its texts (see `cautious`)."""

HOLDS = (0.0, 0.13, 0.26)
"""How long (s) a stop must stand in the text of one that does not weigh; the second is shipped."""

ALL = 'all'
LONG = 5  # words from which on an outside utterance counts as long


@dataclass
class Result:
    """What became of one clip; `stop_after_s` is from the end of the speech."""

    said: str
    wanted: str
    voice: str
    noise: str
    seconds: float
    text: str = ''
    rejected: str = ''
    score: float = 0.0
    plan: str = ''
    doubted_plan: str = ''  # of the text, had it not been rejected
    stop_after_s: Optional[float] = None
    partials: list[tuple[float, str]] = field(default_factory=list)  # each with its time, s
    chances: Optional[list[tuple[float, StopChance]]] = None
    cpu_s: float = 0.0

    @property
    def inside(self) -> bool:
        """Return whether it was a command."""
        return bool(self.wanted)

    @property
    def right(self) -> bool:
        """Return whether the plan is the one that was meant."""
        return parse(self.plan).actions == parse(self.wanted).actions

    @property
    def moved(self) -> bool:
        """Return whether the plan would move the robot."""
        return moves(self.plan)


def moves(plan: str) -> bool:
    """Return whether a plan moves; talk, a hand-over to the cloud and a stop do not."""
    return any(action.name not in ('STOP', 'REMOTE') for action in parse(plan).actions)


def commands() -> list[tuple[str, str]]:
    """Return what is said, and the plan that it asks for."""
    return [(text.strip(), plan.strip()) for text, plan in
            (line.split('|') for line in _lines('spoken_commands.txt'))]


def stops() -> list[tuple[str, str]]:
    """Return the ways to say stop among the commands."""
    return [(text, plan) for text, plan in commands() if plan == '[STOP]' and hears_stop(text)]


def outside() -> list[tuple[str, str]]:
    """Return what is said to somebody else."""
    return [(line, '') for line in _lines('spoken_outside.txt')]


def chatter(path: Path, seconds: float, skip: int,
            unknown: Callable[[str], bool] = kept_apart) -> Iterator[tuple[Result, Samples]]:
    """
    Yield that much public speech without a stop, of sentences `unknown` to the language model.

    The first `skip` sentences are left out; after the last comes the first, in another voice.
    """
    rows = map(json.loads, path.read_text('utf-8').splitlines())
    lines = [row['text'] for row in rows if row['lang'] == 'en' and unknown(row['text'])
             and not hears_stop(row['text'])]
    random.Random(2).shuffle(lines)
    for number, text in itertools.islice(enumerate(itertools.cycle(lines)), skip, None):
        voice = replace((*FLITE, *ESPEAK)[number % 6], pace=PACES[number // 6 % 3])
        kind, snr = CONDITIONS[(0, 1, 3)[number // 18 % 3]]
        speech = speak(text, voice)
        sound = in_noise(speech, kind, snr, number, lead=LEAD, tail=TAIL)
        seconds -= len(speech) / SAMPLE_RATE
        yield Result(text, '', str(voice), f'{kind} {snr:g} dB', len(sound) / SAMPLE_RATE), sound
        if seconds < 0.0:
            return


def _lines(name: str) -> Iterator[str]:
    for line in (HERE / name).read_text('utf-8').splitlines():
        if line.strip() and not line.startswith('#'):
            yield line.strip()


def in_turn(index: int) -> Iterator[Voice]:
    """Yield a voice of each engine in one pace; the next text gets the next ones."""
    for voices in (FLITE, ESPEAK):
        yield replace(voices[index % 3], pace=PACES[index // 3 % 3])


def in_all_voices(_: int) -> Iterator[Voice]:
    """Yield every voice in every pace."""
    for voice, pace in itertools.product((*FLITE, *ESPEAK), PACES):
        yield replace(voice, pace=pace)


def clips(texts: Sequence[tuple[str, str]], conditions: Sequence[tuple[str, float]],
          every: float, voices: Callable[[int], Iterator[Voice]] = in_turn,
          seed: int = 0) -> Iterator[tuple[Result, Samples]]:
    """Yield clips: all, or one in `every`, drawn the same in each run, of all kinds."""
    number, draw = seed * 100_000, random.Random(4)
    for index, (text, wanted) in enumerate(texts):
        for voice in voices(index):
            for kind, snr in conditions:
                number += 1
                if draw.random() * every > 1.0:
                    continue
                sound = in_noise(speak(text, voice), kind, snr, number, lead=LEAD, tail=TAIL)
                yield Result(text, wanted, str(voice), f'{kind} {snr:g} dB',
                             len(sound) / SAMPLE_RATE), sound


@cache
def plan_of(text: str) -> str:
    """Return the plan that the shipped model would publish."""
    from shadow_ros.intent.router import effective_threshold, route
    engine = _engine()
    thought = engine.think(text) if text else None
    if thought is None:
        return ''
    return str(route(thought, text, effective_threshold(-1.0, engine.card.threshold)).plan)


@cache
def _engine():  # type: ignore[no-untyped-def]
    from shadow_ros.intent.engine import EdgeEngine
    return EdgeEngine.load(None)


class Noting:
    """Passes everything on to a recogniser, and notes its unfinished texts and its doubts."""

    def __init__(self, recogniser: Recogniser, now: list[float], result: Result) -> None:
        self._recogniser, self._now, self._result = recogniser, now, result

    def __getattr__(self, name: str) -> Any:
        """Return what the recogniser has."""
        return getattr(self._recogniser, name)

    def accept(self, samples: Samples) -> Optional[str]:
        """Take the next sound."""
        text = self._recogniser.accept(samples)
        if text is not None:
            self._result.partials.append((self._now[0], text))
        return text

    def stop_chances(self) -> Optional[Sequence[StopChance]]:
        """Return what the recogniser says of a stop, if it can."""
        if not isinstance(self._recogniser, StopWeigher):
            return None
        chances = self._recogniser.stop_chances()
        if chances is not None:
            self._result.chances = [*(self._result.chances or ()),
                                    *((self._now[0], chance) for chance in chances)]
        return chances


def hear(recogniser: Recogniser, vad: SileroVad, sound: Samples, result: Result) -> Result:
    """Fill in what the pipeline hears in the clip, as fast as possible."""
    now = [0.0]
    stops: list[float] = []
    noting = Noting(recogniser, now, result)
    hearing = Hearing(noting, Callbacks(on_stop=lambda _: stops.append(now[0])))
    heard = []
    cpu = time.process_time()
    for event in sound_events(ArraySource(sound), vad):
        now[0] = event.time
        transcript = hearing.handle(event, time.monotonic())
        heard += [transcript] if transcript else []
    result.cpu_s = time.process_time() - cpu
    result.text = ' '.join(t.text for t in heard if t.text)
    result.rejected = ' '.join(t.rejected for t in heard if t.rejected)
    result.score = min((t.score for t in heard), default=0.0)
    result.plan = plan_of(result.text)
    result.doubted_plan = plan_of(f'{result.text} {result.rejected}'.strip())
    if stops:
        result.stop_after_s = stops[0] - (result.seconds - TAIL)
        result.plan = str(Plan(parse('[STOP]').actions))
    return result


def share(values: Iterable[bool]) -> str:
    """Return a share in percent with its counts."""
    counted = list(values)
    return f'{100 * sum(counted) / max(1, len(counted)):5.1f} % ({sum(counted)}/{len(counted)})'


def report(results: Sequence[Result]) -> None:
    """Print the tables."""
    print(f'\n{"noise":13} {"plan right":>20} {"flite":>20} {"espeak-ng":>20} '
          f'{"nothing heard":>20} {"words wrong":>12}')
    for noise in dict.fromkeys(r.noise for r in results):
        here = [r for r in results if r.noise == noise and r.inside]
        wrong = sum(words_wrong(r.said, r.text) for r in here)
        words = sum(len(r.said.split()) for r in here)
        print(f'{noise:13} {share(r.right for r in here):>20} '
              f'{share(r.right for r in here if r.voice[0] == "f"):>20} '
              f'{share(r.right for r in here if r.voice[0] == "e"):>20} '
              f'{share(not r.text for r in here):>20} {100 * wrong / max(1, words):10.1f} %')
    print(f'\n{"noise":13} {"long: moved":>20} {"short: moved":>20} {"long: any text":>20} '
          f'{"short: any text":>20}')
    for noise in dict.fromkeys(r.noise for r in results):
        long, short = ([r for r in results if r.noise == noise and not r.inside
                        and (len(r.said.split()) >= LONG) == want] for want in (True, False))
        print(f'{noise:13} {share(r.moved for r in long):>20} '
              f'{share(r.moved for r in short):>20} {share(bool(r.text) for r in long):>20} '
              f'{share(bool(r.text) for r in short):>20}')
    report_stops(results)
    report_rejection(results)
    for voice in sorted({r.voice for r in results}):
        print(f'{voice:24} ' + share(r.right for r in results if r.voice == voice and r.inside))
    print(f'CPU of this process per second of sound: '
          f'{sum(r.cpu_s for r in results) / max(1e-9, sum(r.seconds for r in results)):.3f}')


def believed(result: Result, spotter: StopSpotter) -> Optional[float]:
    """Return when a stop is believed before the end, s after the end of the speech."""
    texts, looks, now = list(result.partials), list(result.chances or ()), 0.0
    while now < result.seconds:
        now += BLOCK_SECONDS
        text, chances = None, []
        while texts and texts[0][0] < now + BLOCK_SECONDS / 2:
            text = texts.pop(0)[1]
        while looks and looks[0][0] < now + BLOCK_SECONDS / 2:
            chances.append(looks.pop(0)[1])
        if spotter.feed(text, now, None if result.chances is None else chances):
            return now - (result.seconds - TAIL)
    return None


def cautious(beliefs: Beliefs, by: float) -> Beliefs:
    """Return beliefs that want e to the 2 `by` times the odds, and scores 0.3 `by` higher."""
    def moved(belief: Belief) -> Belief:
        odds = belief.share / (1 - belief.share) * math.exp(2 * by)
        return Belief(odds / (1 + odds), belief.score + 0.3 * by)
    return Beliefs(moved(beliefs.whole), moved(beliefs.twice),
                   beliefs.once and moved(beliefs.once))


def curve(results: Sequence[Result]) -> dict[str, Callable[[], StopSpotter]]:
    """Return spotters from bold to careful, for recognisers that weigh their texts or do not."""
    if any(r.chances is None for r in results):
        return {f'{hold:.2f} s': partial(StopSpotter, hold) for hold in HOLDS}
    return {name: partial(StopSpotter, alone=cautious(ALONE, by), within=cautious(WITHIN, by))
            for name, by in CAUTION.items()}


def ended(result: Result) -> bool:
    """Return whether the finished text is taken for a stop."""
    return ends_in_stop(result.text, result.chances is not None)


def report_stops(results: Sequence[Result]) -> None:
    """Print the curve: how many stops were heard, how late, and how many were none."""
    print(f'\n{"stop":12} {"noise":13} {"heard":>20} {"or at the end":>20} '
          f'{"after the word: median, p95":>28} {"false stops":>14} {"per hour of speech":>19}')
    spotters = curve(results)
    noises = list(dict.fromkeys(r.noise for r in results))
    for name, noise in itertools.product(spotters, [*noises, ALL]):
        here = [r for r in results if noise in (r.noise, ALL)]
        stops = [r for r in here if r.wanted == '[STOP]' and hears_stop(r.said)]
        late = [believed(r, spotters[name]()) for r in stops]
        times = [time for time in late if time is not None] or [0.0]
        others = [r for r in here if not hears_stop(r.said) and r.wanted != '[STOP]']
        false = sum(believed(r, spotters[name]()) is not None or ended(r) for r in others)
        hours = sum(r.seconds - LEAD - TAIL for r in others) / 3600
        print(f'{name:12} {noise:13} {share(time is not None for time in late):>20} '
              f'{share(t is not None or ended(r) for t, r in zip(late, stops)):>20} '
              f'{np.median(times):>16.2f} s {np.percentile(times, 95):>8.2f} s {false:>14} '
              f'{false / max(hours, 1e-9):>19.1f}')


def report_rejection(results: Sequence[Result]) -> None:
    """Print what other thresholds of the rejection would give, over all noises."""
    inside = [r for r in results if r.inside]
    long, short = ([r for r in results if not r.inside and (len(r.said.split()) >= LONG) == want]
                   for want in (True, False))
    print(f'\n{"min_score":>9} {"plan right":>11} {"long: moved":>12} {"short: moved":>13}')
    for threshold in (-100.0, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5):
        right = [r.score >= threshold and parse(r.doubted_plan).actions == parse(r.wanted).actions
                 for r in inside]
        moved = [[r.score >= threshold and moves(r.doubted_plan) for r in part]
                 for part in (long, short)]
        print(f'{threshold:9.1f} {100 * np.mean(right or [0]):9.1f} % '
              f'{100 * np.mean(moved[0] or [0]):10.1f} % {100 * np.mean(moved[1] or [0]):11.1f} %')


def main() -> int:
    """Run the benchmark; exit code 2 when a speech synthesiser is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--every', type=int, default=1, metavar='N', help='only one in N clips')
    parser.add_argument('--parts', default='latency,commands,outside',
                        help='which; stops are among the commands, chatter has none')
    parser.add_argument('--public', type=Path, metavar='FILE',
                        help='for chatter: JSON lines of requests to others, with text and lang')
    parser.add_argument('--minutes', type=float, default=60.0, help='of chatter')
    parser.add_argument('--unknown', action='store_true', help='the language model has not '
                        'learnt from FILE: take all of it, not the tenth that was kept apart')
    parser.add_argument('--skip', type=int, default=0, metavar='N',
                        help='sentences of chatter to leave out first: 760 are 30 minutes')
    parser.add_argument('--all-voices', action='store_true',
                        help='every text in six voices and three paces, not in two of the 18')
    parser.add_argument('--seed', type=int, default=0, help='of the noise')
    parser.add_argument('--recogniser', default=BEST, help='auto, moonshine, pocketsphinx, ...')
    parser.add_argument('--snr', type=float, nargs='*', help='only these ratios (dB)')
    parser.add_argument('--json', type=Path, help='write every clip as a JSON line to this file')
    options = parser.parse_args()
    if 'chatter' in options.parts and options.public is None:
        parser.error('chatter needs --public FILE: JSON lines with text and lang')
    if missing_engines():
        print(f'the benchmark needs {" and ".join(missing_engines())} to speak; '
              'apt install espeak-ng flite', file=sys.stderr)
        return 2
    conditions = [c for c in CONDITIONS if not options.snr or c[1] in options.snr]
    parts: dict[str, Callable[[], list[tuple[str, str]]]] = {
        'commands': commands, 'outside': outside, 'stops': stops}
    voices = in_all_voices if options.all_voices else in_turn
    recogniser, vad = make_recogniser(options.recogniser), SileroVad()
    recogniser.load()
    if 'latency' in options.parts:
        latency(recogniser, [speak(text, FLITE[number % 3])
                             for number, (text, _) in enumerate(commands()[::7])])
        stop_latency(recogniser, [speak(text, voice) for text, _ in stops()
                                  for voice in (*FLITE, *ESPEAK)])
    results = [hear(recogniser, vad, sound, result) for part in parts if part in options.parts
               for result, sound in clips(parts[part](), conditions, options.every, voices,
                                          options.seed)]
    if 'chatter' in options.parts:
        results += [hear(recogniser, vad, sound, result)
                    for result, sound in chatter(
                        options.public, 60.0 * options.minutes, options.skip,
                        (lambda _: True) if options.unknown else kept_apart)]
    if options.json:
        options.json.write_text('\n'.join(json.dumps(asdict(r)) for r in results) + '\n')
    if results:
        report(results)
    return 0


if __name__ == '__main__':
    sys.exit(main())
