"""`shadow-ros bench`: how well and how fast this machine does it, with one's own voice."""

import json
from pathlib import Path
import time
from typing import Any, Iterator, Optional

import click

from shadow_ros.commands.style import bold, paint, say_line, stdout_is_terminal
from shadow_ros.config import Config, Speech
from shadow_ros.errors import AudioError

_DEFAULTS = Speech()
_SECONDS = 4.0  # of a recording

SENTENCES = (
    'walk forward two meters', 'take three steps back', 'move left half a meter',
    'turn right ninety degrees', 'turn around', 'go forward a little bit', 'sit down',
    'stand up please', 'lie down', 'stop', 'stop right there', "don't move", 'wave to me',
    'give me your paw', 'stretch your legs', 'show me a dance', 'do a backflip', 'slow down',
    'walk forward one meter and then sit down', 'hey dog turn left')
"""What `--record` asks for."""


@click.group()
def bench() -> None:
    """Measure how well and how fast it works here."""


@bench.command()
@click.argument('folder', type=click.Path(path_type=Path))
@click.option('--record', is_flag=True,
              help='First record the sentences that are shown, into FOLDER.')
@click.option('--jsonl', is_flag=True, help='Print one JSON line a recording, then the totals.')
@click.option('--plans/--no-plans', default=True, show_default=True,
              help='Compare what the robot would do, too (needs the edge model).')
@click.option('--recogniser', default=_DEFAULTS.recogniser, show_default=True, metavar='NAME',
              help='auto, moonshine, pocketsphinx, whisper, or package.module:Class.')
@click.option('--whisper-model', default=_DEFAULTS.whisper_model, show_default=True,
              metavar='NAME|FILE', help='For whisper: the name of a model or its file.')
@click.option('--language', default=_DEFAULTS.language, show_default=True, metavar='CODE',
              help='For whisper: auto, en or zh.')
@click.option('--device', default='', metavar='NAME', help='Microphone: its number or name.')
def speech(folder: Path, record: bool, jsonl: bool, plans: bool, device: str,
           **settings: str) -> None:
    """
    Measure hearing with the recordings in FOLDER.

    Sound files (WAV, FLAC, ...) with what is said in a .txt file of the same name, or in the
    name itself: turn_left.wav. Word error rate, whole sentences, plans, and the time from the
    end of the speech to the text, as the robot would take it.
    """
    from shadow_ros.speech.measure import recordings
    config = Config().changed({f'speech.{key}': value for key, value in settings.items()})
    if record:
        _record(folder, device)
    found = recordings(folder)
    if config.speech.recogniser == 'none':
        raise AudioError('expected a recogniser, got none; leave --recogniser out')
    asked = _planner() if plans else None
    rows = []
    for row in _rows(found, config.speech, asked):
        rows.append(row)
        if jsonl or not stdout_is_terminal():
            say_line(json.dumps(row, ensure_ascii=False))
        else:
            say_line(_readable(row))
    total = totals(rows)
    say_line(json.dumps({'total': total}) if jsonl or not stdout_is_terminal()
             else '\n' + bold(_sentence(total)))


def _rows(found: Any, settings: Speech, asked: Any) -> Iterator[dict[str, Any]]:
    """Yield what became of each recording, heard in real time as from a microphone."""
    from shadow_ros.commands.listen import make
    from shadow_ros.speech.measure import Hearing
    recogniser = make(settings)
    recogniser.load()
    for recording in found:
        began = time.monotonic()
        transcripts, late = _heard(recording.path, recogniser)
        hearing = Hearing(recording, tuple(transcripts), time.monotonic() - began)
        row = {'file': recording.path.name, 'said': recording.text, 'heard': hearing.text,
               'rejected': ' '.join(t.rejected for t in transcripts if t.rejected),
               'words': len(recording.text.split()), 'wrong': hearing.wrong,
               'end_to_text_ms': round(late * 1e3)}
        if asked is not None:
            row['plan'], wanted = asked(hearing.text), asked(recording.text)
            row['plan_right'] = row['plan'] == wanted
        yield row


def _heard(path: Path, recogniser: Any) -> tuple[list[Any], float]:
    """Return the transcripts of a file, and how long after the speech the last one came (s)."""
    from shadow_ros.speech.listener import Callbacks, Listener
    from shadow_ros.speech.sources import FileSource
    heard: list[Any] = []
    times: list[float] = []

    def take(transcript: Any) -> None:
        times.append(time.monotonic() - transcript.speech_end)
        heard.append(transcript)
    listener = Listener(FileSource(path, paced=True, tail=1.0), recogniser,
                        Callbacks(on_transcript=take))
    listener.start()
    listener.wait()
    return heard, times[-1] if times else 0.0


def _planner() -> Any:
    """Return a function from text to the actions that would be published, as text."""
    from shadow_ros.intent.engine import EdgeEngine
    from shadow_ros.intent.router import effective_threshold, route
    from shadow_ros.plan import Plan
    engine = EdgeEngine.load(None)
    threshold = effective_threshold(-1.0, engine.card.threshold)

    def plan(text: str) -> str:
        if not text:
            return ''
        return str(Plan(route(engine.think(text), text, threshold,
                              bold=engine.card.bold).plan.actions))
    return plan


def _record(folder: Path, device: str) -> None:
    """Show the sentences one by one and record each for a few seconds."""
    from shadow_ros.speech.sources import find_microphone, MicrophoneSource
    source = MicrophoneSource(device)
    name = find_microphone(source.device)['name']
    folder.mkdir(parents=True, exist_ok=True)
    say_line(f'{len(SENTENCES)} sentences, {_SECONDS:.0f} s each, from {name}. Say each once, as '
             'you would say it to the dog. Enter begins a recording, Ctrl-C ends.')
    for number, sentence in enumerate(SENTENCES, 1):
        click.prompt(f'\n{number:2}. {bold(sentence)}', default='', show_default=False)
        path = folder / f'{number:02}_{sentence.replace(" ", "_")}.wav'
        keep(MicrophoneSource(device), path, sentence)


def keep(source: Any, path: Path, sentence: str, seconds: float = _SECONDS) -> None:
    """Write so much of a source into a file, and what was said beside it."""
    import numpy as np

    from shadow_ros.speech.audio import BLOCK_SECONDS, write_wav
    blocks = []
    for block in source:
        blocks.append(block.samples)
        if len(blocks) * BLOCK_SECONDS >= seconds:
            source.close()
            break
    write_wav(path, np.concatenate(blocks))
    path.with_suffix('.txt').write_text(sentence + '\n', 'utf-8')


def totals(rows: list[dict[str, Any]]) -> dict[str, Optional[float]]:
    """Return the sums over all recordings; shares from 0 to 1, times in ms."""
    late = sorted(row['end_to_text_ms'] for row in rows)
    return {
        'recordings': len(rows),
        'word_error_rate': round(sum(r['wrong'] for r in rows)
                                 / max(1, sum(r['words'] for r in rows)), 4),
        'sentences_right': round(sum(r['wrong'] == 0 for r in rows) / len(rows), 4),
        'plans_right': round(sum(r['plan_right'] for r in rows) / len(rows), 4)
        if 'plan_right' in rows[0] else None,
        'nothing_heard': sum(not r['heard'] for r in rows),
        'end_to_text_ms_median': late[len(late) // 2],
        'end_to_text_ms_p95': late[min(len(late) - 1, int(0.95 * len(late)))]}


def _readable(row: dict[str, Any]) -> str:
    good = row.get('plan_right', row['wrong'] == 0)
    heard = row['heard'] or f'({row["rejected"] or "nothing"})'
    return (f'{paint("  ok" if good else "fail", "ok" if good else "fail")}  {row["said"]}'
            + ('' if row['wrong'] == 0 else f' → {heard}')
            + paint(f'  {row["end_to_text_ms"]} ms', 'quiet'))


def _sentence(total: dict[str, Any]) -> str:
    plans = '' if total['plans_right'] is None else f', plans {100 * total["plans_right"]:.0f} %'
    return (
        f'{total["recordings"]} recordings: words wrong {100 * total["word_error_rate"]:.1f} %, '
        f'sentences right {100 * total["sentences_right"]:.0f} %{plans}; end of speech to '
        f'text {total["end_to_text_ms_median"]} ms, p95 {total["end_to_text_ms_p95"]} ms')
