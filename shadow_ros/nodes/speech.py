"""The speech node: sound in, partial and final transcripts out."""

from array import array
import threading
import time
from typing import Any, Iterable, Iterator, NoReturn, Optional

import numpy as np
from std_msgs.msg import Int16MultiArray, MultiArrayDimension

from shadow_ros.config import Config
from shadow_ros.nodes.base import BROKEN, Check, OK, ShadowNode, WARN
from shadow_ros.nodes.process import run
from shadow_ros.speech.attention import Attention, AttentionSettings
from shadow_ros.speech.audio import SAMPLE_RATE, Samples, to_pcm16
from shadow_ros.speech.endpoint import EndpointSettings
from shadow_ros.speech.listener import Callbacks, Listener, stop_ear
from shadow_ros.speech.recogniser import make_recogniser, Recogniser, Transcript
from shadow_ros.speech.socket_source import SocketSource
from shadow_ros.speech.sources import FileSource, MicrophoneSource, SoundBlock, Source
from shadow_ros.speech.tape import Taped
from shadow_ros.speech.voice import Loudspeaker, make_voice, Speaker

_TAIL = 1.0  # s of faint noise after a file, so that its last word is endpointed as in a room
_SETTLED = 0.5  # s without a new listener before a file is played
_SHOWN = 5.0  # s for which a trouble is told even if sound comes again
_PATIENCE = 10.0  # s to wait for the first listener of a file


class GatedSource:
    """A source that waits for `gate` before it opens, and remembers its last block."""

    def __init__(self, source: Source) -> None:
        self.name, self.live = source.name, source.live
        self.gate = threading.Event()
        self.last: Optional[SoundBlock] = None
        self.ended = False
        self._source = source

    def __iter__(self) -> Iterator[SoundBlock]:
        """Yield the blocks once the gate is open."""
        self.gate.wait()
        for block in self._source:
            self.last = block
            yield block
        self.ended = True

    def close(self) -> None:
        """End the iteration soon."""
        self._source.close()
        self.gate.set()

    def level(self) -> float:
        """Return the loudness of the last block in dB of full scale, at least -120."""
        if self.last is None:
            return -120.0
        power = float(np.mean(np.square(self.last.samples, dtype=np.float64)))
        return max(-120.0, 10 * float(np.log10(power + 1e-12)))


class SpeechNode(ShadowNode):
    """
    Listens to a microphone, a socket or a sound file, and speaks the replies if it has a voice.

    Without a recogniser or a source it is idle and healthy. A microphone that is missing or
    gets lost is reported and tried again; a sound file is played once, in real time, when
    somebody listens to `transcript`.
    """

    node_name = 'speech'

    def configure(self) -> None:
        """Load the recogniser, read the sound file if it is one, and open the topics."""
        settings = self.config.speech
        self._idle = 'none' in (settings.recogniser, settings.source)
        self._listener: Optional[Listener] = None
        self._source: Optional[GatedSource] = None
        self._trouble, self._trouble_at = '', 0.0
        self._last = Transcript('')
        self._heard = self._rejected = 0
        self._attention = Attention(AttentionSettings.parse(
            settings.wake_word, settings.follow_up, settings.push_to_talk))
        self._attention.press(settings.talk, time.monotonic())
        self._voice = make_voice(settings.voice)
        self._speaker: Optional[Speaker] = None
        if not self._idle:
            self._recogniser = self._make_recogniser()
            self._recogniser.load()
            if settings.publish_audio:
                self._audio = self.create_lifecycle_publisher(Int16MultiArray, 'audio', 10)
                self._undo.append(lambda: self.destroy_lifecycle_publisher(self._audio))
                self._recogniser = Taped(self._recogniser, self._publish_audio)
            self._make_source()
        self._publish_transcript = self.text_publisher('transcript')
        self._publish_partial = self.text_publisher('partial')
        if self._voice:
            self.listen('reply', self._on_reply)
        self.every(0.1, self._open_gate)

    def activate(self) -> None:
        """Begin to listen and to speak; a file waits for its listeners."""
        settings = self.config.speech
        if self._voice:
            self._speaker = Speaker(self._voice, Loudspeaker(settings.voice_device),
                                    self._attention.speaks, self._on_error)
        if self._idle:
            return
        self._source = GatedSource(self._make_source())
        self._listeners = (0, time.monotonic() + _PATIENCE)
        if self._source.live:
            self._source.gate.set()
        self._listener = Listener(
            self._source, self._recogniser,
            Callbacks(self._publish_partial, self._on_transcript, on_error=self._on_error),
            settings=EndpointSettings(
                threshold=settings.vad_threshold, silence=settings.endpoint_silence,
                max_utterance=settings.max_utterance),
            ear=stop_ear(self._recogniser), attention=self._attention)
        self._listener.start()

    def deactivate(self) -> None:
        """Close the source and fall silent; what is not recognised yet is dropped."""
        speaker, self._speaker = self._speaker, None
        if speaker:
            speaker.close()
        listener, self._listener = self._listener, None
        if listener and not listener.stop():
            self.get_logger().warning('the recogniser is still busy; its result is dropped')

    def reconfigured(self, old: Config) -> None:
        """Take the button's state."""
        self._attention.press(self.config.speech.talk, time.monotonic())

    def checks(self) -> Iterable[Check]:
        """Yield the health of the source and the recogniser, with the last utterance's times."""
        if not self.configured:
            return
        settings = self.config.speech
        if self._idle:
            yield Check('source', OK, 'speech is switched off; type the commands')
            return
        level, sentence = self._source_health()
        yield Check('source', level, sentence, {
            'source': settings.source,
            'level_db': round(self._source.level(), 1) if self._source else ''})
        last = self._last
        yield Check('recogniser', OK, self._recogniser.name, {
            'utterances': self._heard, 'rejected': self._rejected,
            'last_seconds': round(last.seconds, 2), 'last_score': round(last.score, 3),
            'last_language': last.language, 'last_recognition_ms': round(last.recognition_ms, 1),
            'last_endpoint_ms': round((last.endpoint - last.speech_end) * 1e3, 1)})

    def _source_health(self) -> tuple[bytes, str]:
        source = self._source
        if source is None or not self.active:
            return WARN, 'not listening'
        if self._trouble and self._recovered(source):
            self._trouble = ''
        if self._trouble:
            return BROKEN, self._trouble
        if source.ended:
            return OK, 'the sound file has been played'
        return OK, f'listening to {source.name}' if source.last else f'opening {source.name}'

    def _recovered(self, source: GatedSource) -> bool:
        """Return whether sound came again after a trouble, which is shown for a while at least."""
        return (source.live and source.last is not None and source.last.time > self._trouble_at
                and time.monotonic() - self._trouble_at > _SHOWN)

    def _make_recogniser(self) -> Recogniser:
        settings = self.config.speech
        options: dict[str, Any] = {}
        if settings.recogniser == 'whisper':
            options = {'model': settings.whisper_model, 'language': settings.language}
        return make_recogniser(settings.recogniser, **options)

    def _make_source(self) -> Source:
        settings = self.config.speech
        if settings.source == 'microphone':
            return MicrophoneSource(settings.device)
        if settings.source.startswith('tcp:'):
            return SocketSource(settings.source)
        return FileSource(settings.source, paced=True, tail=_TAIL)

    def _open_gate(self) -> None:
        """Let a file play when the number of listeners has settled, or patience is over."""
        source = self._source
        if source is None or source.gate.is_set():
            return
        now, count = time.monotonic(), self.count_subscribers('transcript')
        known, until = self._listeners
        if count != known:
            self._listeners = (count, now + _SETTLED)
        elif now >= until:
            source.gate.set()

    def _on_reply(self, text: str) -> None:
        if self._speaker:
            self._speaker.say(text)

    # Called from the threads of the listener and the speaker.

    def _on_transcript(self, transcript: Transcript) -> None:
        self._last = transcript
        if transcript.text:
            self._heard += 1
            self._publish_transcript(transcript.text)
        else:
            self._rejected += 1

    def _publish_audio(self, samples: Samples) -> None:
        """Let out the sound of an utterance, 16-bit PCM."""
        message = Int16MultiArray(data=array('h', to_pcm16(samples)))
        message.layout.dim = [MultiArrayDimension(
            label=f'mono {SAMPLE_RATE} Hz', size=len(samples), stride=len(samples))]
        self._audio.publish(message)

    def _on_error(self, sentence: str) -> None:
        """Log a trouble once, however often it comes again."""
        self._trouble_at = time.monotonic()
        if sentence != self._trouble:
            self._trouble = sentence
            self.get_logger().error(sentence)


def main() -> NoReturn:
    """Run the speech node."""
    run(SpeechNode)


if __name__ == '__main__':
    main()
