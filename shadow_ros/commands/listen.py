"""`shadow-ros listen`: sound to text, by the same way as in the speech node."""

from dataclasses import asdict
import json
from pathlib import Path
import threading
from typing import Any, Optional, TYPE_CHECKING

import click

from shadow_ros.commands.signals import on_end
from shadow_ros.commands.style import bold, paint, say_line, stdout_is_terminal
from shadow_ros.config import Config, Speech
from shadow_ros.errors import AudioError

if TYPE_CHECKING:
    from shadow_ros.speech.recogniser import Transcript

_DEFAULTS = Speech()


@click.command()
@click.option('--wav', type=click.Path(path_type=Path), metavar='FILE',
              help='A sound file (WAV, FLAC, ..., any rate) instead of the microphone.')
@click.option('--jsonl', is_flag=True,
              help='Print JSON lines at a terminal too (in a pipe they always are).')
@click.option('--recogniser', default=_DEFAULTS.recogniser, show_default=True, metavar='NAME',
              help='auto, moonshine, pocketsphinx, whisper, or package.module:Class.')
@click.option('--whisper-model', default=_DEFAULTS.whisper_model, show_default=True,
              metavar='NAME|FILE', help='For whisper: the name of a model or its file.')
@click.option('--language', default=_DEFAULTS.language, show_default=True, metavar='CODE',
              help='For whisper: auto, en or zh.')
@click.option('--device', default='', metavar='NAME', help='Microphone: its number or name.')
@click.pass_context
def listen(ctx: click.Context, wav: Optional[Path], jsonl: bool, recogniser: str,
           whisper_model: str, language: str, device: str) -> None:
    """
    Show what is understood of speech, from a file or the microphone.

    One line an utterance; speech outside the commands is shown as rejected. A file is taken as
    fast as possible, the microphone until Ctrl-C.
    """
    config = Config().changed({
        'speech.recogniser': recogniser, 'speech.whisper_model': whisper_model,
        'speech.language': language, 'speech.device': device})
    if config.speech.recogniser == 'none':
        raise AudioError('expected a recogniser, got none; leave --recogniser out')
    readable = stdout_is_terminal() and not jsonl
    show = _show_text if readable else _show_json
    if wav is not None:
        _file(wav, config.speech, show)
    else:
        _microphone(config.speech, show, readable)
    ctx.exit(0)


def _file(wav: Path, speech: Speech, show: Any) -> None:
    """Print the utterances of a sound file."""
    from shadow_ros.speech.listener import Callbacks, listen_file
    listen_file(wav, make(speech), callbacks=Callbacks(on_transcript=show))


def _microphone(speech: Speech, show: Any, readable: bool) -> None:
    """Print what the microphone brings until a signal ends it."""
    from shadow_ros.speech.listener import Callbacks, Listener
    from shadow_ros.speech.sources import find_microphone, MicrophoneSource
    stop = threading.Event()
    on_end(stop)
    source = MicrophoneSource(speech.device)
    name = find_microphone(source.device)['name']
    listener = Listener(source, make(speech), Callbacks(
        on_transcript=show, on_error=lambda text: say_line(text, err=True)))
    listener.start()
    if readable:
        say_line(paint(f'listening to {name}; Ctrl-C ends', 'quiet'))
    stop.wait()
    listener.stop()


def make(speech: Speech) -> Any:
    """Return the recogniser that the options name."""
    from shadow_ros.speech.recogniser import make_recogniser
    options = {'model': speech.whisper_model, 'language': speech.language} \
        if speech.recogniser == 'whisper' else {}
    return make_recogniser(speech.recogniser, **options)


def _show_json(heard: 'Transcript') -> None:
    say_line(json.dumps({key: round(value, 4) if isinstance(value, float) else value
                         for key, value in asdict(heard).items()}, ensure_ascii=False))


def _show_text(heard: 'Transcript') -> None:
    times = f'{heard.began:6.2f} to {heard.speech_end:6.2f} s'
    told = bold(heard.text) if heard.text else paint(f'({heard.rejected or "not a command"})',
                                                     'quiet')
    say_line(f'{times}  {told}  ' + paint(f'{heard.recognition_ms:.0f} ms', 'quiet'))
