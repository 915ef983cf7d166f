"""The recorder node: the topics of the graph into bags, so that the robot's days teach it."""

from pathlib import Path
import time
from typing import Any, Iterable, NoReturn, Optional

from rclpy.qos import QoSProfile
from std_msgs.msg import Int16MultiArray, String
from std_srvs.srv import SetBool

from shadow_ros.bags.recording import Limits, Recording
from shadow_ros.bags.seal import channel, LATCHED as LATCHED_TOPICS
from shadow_ros.bags.sealer import Keeping, Sealer
from shadow_ros.nodes.base import BROKEN, Check, LATCHED, OK, ShadowNode, WARN
from shadow_ros.nodes.process import run
from shadow_ros.places import bags_folder

TOPICS = ('transcript', 'command', 'plan', 'event', 'feedback', 'reply', 'state', 'comparison')
AUDIO = 'audio'
_DEEP = QoSProfile(depth=100)
_STEP = 0.5  # s
_SEALING = 60.0  # s for the last part; what is not sealed by then is at the next start


class RecorderNode(ShadowNode):
    """
    Records what the graph says, from the start or when the service `record` asks for it.

    Messages are written as they come, undecoded, into a journal that a crash cannot spoil; a
    thread makes bags of it. Sound is recorded only when `recorder.audio` says so.
    """

    node_name = 'recorder'

    def configure(self) -> None:
        """Subscribe to the topics; nothing is written yet."""
        settings = self.config.recorder
        self._root = Path(settings.folder).expanduser() if settings.folder else bags_folder()
        self._recording: Optional[Recording] = None
        self._trouble = ''
        kinds = dict.fromkeys(TOPICS, String)
        if settings.audio:
            kinds[AUDIO] = Int16MultiArray
        self._channels = [self._subscribe(number, topic, kind)
                          for number, (topic, kind) in enumerate(kinds.items(), start=1)]
        self.serve(SetBool, 'record', self._on_record)
        self.every(_STEP, self._step)

    def activate(self) -> None:
        """Put in order what a crash has left, and begin if that is wanted."""
        settings = self.config.recorder
        self._sealer = Sealer(self._root, Keeping(
            settings.format, int(settings.quota_gigabytes * 1e9), settings.when_full == 'oldest'),
            self.get_logger().info)
        self._sealer.start()
        if settings.mode == 'on':
            self._begin()

    def deactivate(self) -> None:
        """End the recording and wait until it is a bag."""
        self._end()
        if not self._sealer.close(_SEALING):
            self.get_logger().warning('the last recording is not sealed yet; that is done at the '
                                      'next start, or by shadow-ros bags recover')

    def checks(self) -> Iterable[Check]:
        """Yield what is being recorded."""
        if not self.configured:
            return
        recording = self._recording
        values = {'folder': recording.folder if recording else '',
                  'messages': recording.count if recording else 0}
        if self._trouble:
            yield Check('recording', BROKEN, self._trouble, values)
        else:
            full = self._sealer.full if self.active else ''
            yield Check('recording', WARN if full else OK, full or (
                f'recording into {recording.folder}' if recording else 'not recording'), values)

    def _subscribe(self, number: int, topic: str, kind: Any) -> Any:
        """Subscribe to a topic's bytes; return its channel in the bags."""
        def received(data: bytes) -> None:
            if self.active and self._recording:
                self._recording.add(number, time.time_ns(), data)

        subscription = self.create_subscription(
            kind, topic, received, LATCHED if topic in LATCHED_TOPICS else _DEEP, raw=True)
        self._undo.append(lambda: self.destroy_subscription(subscription))
        package, name = kind.__module__.split('.')[0], kind.__name__
        return channel(number, self.resolve_topic_name(topic), f'{package}/msg/{name}')

    def _on_record(self, wanted: bool) -> tuple[bool, str]:
        if wanted:
            self._begin()
            recording = self._recording
            return bool(recording), f'recording into {recording.folder}' if recording else \
                self._trouble
        recording = self._recording
        self._end()
        return True, (f'recorded {recording.count} messages into {recording.folder}'
                      if recording else 'nothing was being recorded')

    def _begin(self) -> None:
        if self._recording:
            return
        settings = self.config.recorder
        limits = Limits(settings.split_seconds, int(settings.split_megabytes * 1e6))
        self._recording = Recording(self._root, self._channels, limits, time.monotonic())
        self._trouble = ''
        self.get_logger().info(f'recording into {self._recording.folder}')

    def _step(self) -> None:
        """Bring to the disk what is due, and hand over a part that has ended."""
        recording = self._recording
        if recording is None:
            return
        try:
            for part in recording.step(time.monotonic()):
                self._sealer.seal(recording.folder, part)
        except OSError as error:
            self._give_up(f'{recording.folder} cannot be written: {error.strerror}')
            return
        if self._sealer.full:
            self._give_up(self._sealer.full)

    def _give_up(self, why: str) -> None:
        self._trouble = f'the recording was ended: {why}'
        self.get_logger().error(self._trouble)
        self._end()

    def _end(self) -> None:
        recording, self._recording = self._recording, None
        if recording is None:
            return
        try:
            parts = recording.close()
        except OSError:
            recording.release()
            return
        for part in parts:
            self._sealer.seal(recording.folder, part, recording.release)


def main() -> NoReturn:
    """Run the recorder node."""
    run(RecorderNode)


if __name__ == '__main__':
    main()
