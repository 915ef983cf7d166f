"""The twist body: any robot that walks on velocity commands (Gazebo, other robots)."""

import threading
import time
from typing import Callable, Optional, Sequence

from shadow_ros.phrases import tell
from shadow_ros.plan import Action
from shadow_ros.robot.body import BodyState, Command, Halt, Outcome, Perform, Velocity

_SUPPORTED = ('MOVE', 'TURN', 'STOP', 'SPEED', 'REMOTE')
COMMAND_TIMEOUT = 0.3  # s without a command after which a walking body is stopped


class TwistBody:
    """
    A body behind a velocity topic.

    `publish(vx, vy, wz)` sends one velocity (m/s, m/s, rad/s); `odometry` is fed from outside
    when there is any. Without it MOVE and TURN run by time. Postures are refused. A thread of
    its own publishes zero when the caller falls silent while the robot walks.
    """

    name = 'twist'

    def __init__(self, publish: Callable[[float, float, float], None]) -> None:
        self._publish = publish
        self._lock = threading.Lock()
        self._odometry: Optional[BodyState] = None
        self._outcomes: list[Outcome] = []
        self._walking_since: Optional[float] = None
        self._closed = threading.Event()
        self._watch = threading.Thread(target=self._watchdog, name='twist-watchdog', daemon=True)

    def start(self) -> None:
        """Begin to watch over the velocity."""
        self._watch.start()

    def refusal(self, action: Action) -> str:
        """Return '' for what a velocity can do; postures and gestures are not in this body."""
        if action.name in _SUPPORTED:
            return ''
        return tell('{action} is not supported by the body {body}: it only walks and turns.',
                    '机身 {body} 不支持 {action}：它只会行走和转弯。',
                    action=action.name, body=self.name)

    def odometry(self, state: BodyState) -> None:
        """Take a report of the robot's pose; its stamp must be local monotonic time."""
        with self._lock:
            self._odometry = state

    def send(self, command: Command) -> None:
        """Publish a velocity or zero; settings succeed at once, the runner applies them."""
        with self._lock:
            if isinstance(command, Velocity):
                self._walking_since = time.monotonic()
                self._publish(command.vx, command.vy, command.wz)
            elif isinstance(command, Halt):
                self._walking_since = None
                self._publish(0.0, 0.0, 0.0)
            elif isinstance(command, Perform):
                reason = self.refusal(command.action)
                self._outcomes.append(Outcome(command.token, not reason, reason))

    def poll(self) -> Sequence[Outcome]:
        """Return the outcomes since the last call."""
        with self._lock:
            outcomes, self._outcomes = self._outcomes, []
        return outcomes

    def state(self) -> BodyState:
        """Return the last odometry, or a state without a pose where none ever came."""
        with self._lock:
            return self._odometry or BodyState(stamp=time.monotonic(), posture='stand',
                                               pose_known=False)

    def health(self) -> tuple[bool, str]:
        """Return whether odometry (once there was some) still comes."""
        with self._lock:
            odometry = self._odometry
        if odometry is None:
            return True, 'no odometry: distances and angles are run by time'
        age = time.monotonic() - odometry.stamp
        return age < 1.0, f'last odometry {age:.1f} s ago'

    def close(self) -> None:
        """Stop the robot and end the watch."""
        self._closed.set()
        self.send(Halt())

    def _watchdog(self) -> None:
        """Publish zero when a walking robot has not been commanded for COMMAND_TIMEOUT."""
        while not self._closed.wait(0.05):
            with self._lock:
                since = self._walking_since
                if since is not None and time.monotonic() - since > COMMAND_TIMEOUT:
                    self._walking_since = None
                    self._publish(0.0, 0.0, 0.0)
