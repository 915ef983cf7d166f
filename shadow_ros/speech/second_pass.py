"""
A second, careful look at a whole utterance, by a decoder in a process of its own.

It knows the mean of the whole sound before it begins and goes over it three times, which takes a
tenth of its length: in this process it would hold the interpreter, and with it the microphone.
Requests are a length (4 bytes, little-endian) and 16-bit sound; an answer is one line of JSON.
"""

from concurrent.futures import Future, ThreadPoolExecutor
import json
import os
from pathlib import Path
import subprocess
import sys
from typing import Any, BinaryIO, Optional

from shadow_ros.errors import AudioError
from shadow_ros.speech.audio import Samples, to_pcm16
from shadow_ros.speech.decoder import Grammar, Heard, make_decoder, read_out, Word
from shadow_ros.speech.denoise import denoised
from shadow_ros.speech.floor import with_floor

MAX_BYTES = 2 * 16000 * 60


class SecondPass:
    """The near end: sound in, a future of what was heard out. One request at a time is heard."""

    def __init__(self, grammar: Grammar = None) -> None:
        self._grammar = grammar
        self._process: Optional[subprocess.Popen[bytes]] = None
        self._pool = ThreadPoolExecutor(1, 'second pass')

    def start(self) -> None:
        """Start the process; its models load while nobody waits."""
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, '-m', __name__, *([str(self._grammar)] if self._grammar else [])],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment())

    def hear(self, samples: Samples) -> 'Future[Heard]':
        """Return the future of what is heard in the whole utterance [n]."""
        return self._pool.submit(self._ask, to_pcm16(with_floor(denoised(samples)))[:MAX_BYTES])

    def give_up(self) -> None:
        """End what is being heard; the next request gets a fresh process."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """End the process."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    def __del__(self) -> None:
        if self._process is not None:
            self._process.kill()

    def _ask(self, pcm: bytes) -> Heard:
        self.start()
        process = self._process
        assert process is not None and process.stdin and process.stdout
        try:
            process.stdin.write(len(pcm).to_bytes(4, 'little') + pcm)
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = b''
        if not line:
            raise AudioError('the second pass of PocketSphinx ended unexpectedly; it is started '
                             'again with the next utterance')
        answer = json.loads(line)
        return Heard(answer['text'], tuple(Word(*word) for word in answer['words']))


def _environment() -> dict[str, str]:
    """Return an environment in which this package is found, and nothing of the working folder."""
    root = str(Path(__file__).resolve().parents[2])
    known = [root, *filter(None, [os.environ.get('PYTHONPATH')])]
    return {**os.environ, 'PYTHONPATH': os.pathsep.join(known), 'PYTHONSAFEPATH': '1'}


def answer(decoder: Any, pcm: bytes) -> dict[str, Any]:
    """Return what the decoder hears in the sound, ready for JSON."""
    decoder.start_utt()
    if pcm:
        decoder.process_raw(pcm, full_utt=True)
    decoder.end_utt()
    heard = read_out(decoder)
    return {'text': heard.text, 'words': [
        [word.text, word.acoustic, word.posterior, word.frames] for word in heard.words]}


def serve(decoder: Any, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until there are no more."""
    while len(head := requests.read(4)) == 4:
        pcm = requests.read(int.from_bytes(head, 'little'))
        answers.write(json.dumps(answer(decoder, pcm)).encode() + b'\n')
        answers.flush()


def main() -> None:
    """Serve the process that started this one; a Ctrl-C is for that one."""
    import signal
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    serve(make_decoder(sys.argv[1] if len(sys.argv) > 1 else None),
          sys.stdin.buffer, sys.stdout.buffer)


if __name__ == '__main__':
    main()
