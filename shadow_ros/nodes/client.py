"""A client of a running graph: gives commands, hears plans, events and the robot's state."""

from collections import deque
from contextlib import nullcontext
from dataclasses import dataclass
import math
import time
from types import TracebackType
from typing import Any, Callable, ContextManager, Deque, Iterator, Optional, Type, Union

from diagnostic_msgs.msg import DiagnosticArray
from nav_msgs.msg import Odometry
import rclpy
from rclpy.context import Context
from rclpy.duration import Duration
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import String
from std_srvs.srv import SetBool, Trigger

from shadow_ros.config import NODES
from shadow_ros.errors import PlanError, RobotError
from shadow_ros.records import Event, Feedback, PlanRecord, RobotState

NAMESPACE = 'shadow'
_DEEP = QoSProfile(depth=100)
_LATEST = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@dataclass(frozen=True)
class Heard:
    """A text of the speech node: `final` or interim."""

    text: str
    final: bool


@dataclass(frozen=True)
class Reply:
    """What the robot says."""

    text: str


@dataclass(frozen=True)
class Pose:
    """Where the robot is in its odometry frame: metres and radians."""

    x: float
    y: float
    yaw: float


News = Union[PlanRecord, Event, RobotState, Heard, Reply, Pose]


class GraphClient:
    """
    A node in a context of its own; use it in a `with` block and from one thread.

    `held_back` makes a context in which no signal handler raises: rclpy's C code cannot bear it.
    Everything that the graph says waits in `news` until `listen` hands it out.
    """

    def __init__(self, name: str = 'cli', namespace: str = NAMESPACE,
                 held_back: Callable[[], ContextManager[None]] = nullcontext) -> None:
        self.namespace = namespace
        self._held_back = held_back
        self._news: Deque[News] = deque()
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(name, namespace=namespace, context=self._context, enable_rosout=False,
                          start_parameter_services=False)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._command = self._node.create_publisher(String, 'command', 10)
        self._transcript = self._node.create_publisher(String, 'transcript', 10)
        self._feedback = self._node.create_publisher(String, 'feedback', 10)
        self._subscribe('plan', PlanRecord.from_json)
        self._subscribe('event', Event.from_json)
        self._subscribe('state', RobotState.from_json, _LATEST)
        self._subscribe('reply', Reply)
        self._subscribe('transcript', lambda text: Heard(text, True))
        self._subscribe('partial', lambda text: Heard(text, False))
        self._node.create_subscription(Odometry, 'odom', self._moved, 10)
        # The last of all: who is heard here has learnt of all the others, which DDS announces
        # in order. Without that, first events could be lost.
        self._alive: set[str] = set()
        self._last_plan = ''
        self._listeners = {'command': 0, 'feedback': 0}
        self._node.create_subscription(DiagnosticArray, '/diagnostics', self._lives, 10)

    def __enter__(self) -> 'GraphClient':
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def close(self) -> None:
        """Leave the graph once all of it has what was said here, or a second later."""
        for publisher in (self._command, self._transcript):
            publisher.wait_for_all_acked(Duration(seconds=1.0))
        self._executor.shutdown(timeout_sec=1.0)
        self._node.destroy_node()
        self._context.try_shutdown()

    def _subscribe(self, topic: str, read: Callable[[str], News],
                   qos: QoSProfile = _DEEP) -> None:
        def take(message: String) -> None:
            try:
                self._news.append(read(message.data))
            except PlanError as error:  # someone else's malformed message harms nobody here
                self._node.get_logger().debug(f'{topic}: {error}')

        self._node.create_subscription(String, topic, take, qos)

    def _lives(self, message: DiagnosticArray) -> None:
        self._alive.update(status.name.split(':')[0] for status in message.status)
        for status in message.status:
            if status.name == f'{self.namespace}/intent: model':
                told = {value.key: value.value for value in status.values}
                self._last_plan = told.get('last_plan', '')
                self._listeners = {topic: int(told.get(f'{topic}_listeners', 0))
                                   for topic in self._listeners}

    def _moved(self, message: Odometry) -> None:
        pose = message.pose.pose
        q = pose.orientation
        self._news.append(Pose(pose.position.x, pose.position.y, math.atan2(
            2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))))

    def listen(self, seconds: float = 0.1) -> Iterator[News]:
        """Yield what the graph said, waiting at most this long for the first of it."""
        if not self._news:
            self._spin(seconds)
        while self._news:
            yield self._news.popleft()

    def _spin(self, seconds: float) -> None:
        try:
            with self._held_back():
                self._executor.spin_once(timeout_sec=seconds)
        except ExternalShutdownException:
            raise RobotError('expected a running ROS context, but it was shut down') from None

    def wait_until(self, true: Callable[[], bool], seconds: float) -> bool:
        """Return whether it became true in time; messages are taken in meanwhile."""
        deadline = time.monotonic() + seconds
        while not true():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._spin(min(left, 0.05))
        return True

    def ready(self) -> bool:
        """Return whether intent, action and any others that are there know this client."""
        there = {name for name, namespace in self._node.get_node_names_and_namespaces()
                 if namespace == f'/{self.namespace}' and name in NODES}
        wanted = {f'{self.namespace}/{node}' for node in {'intent', 'action'} | there}
        listeners = max(2, self._node.count_subscribers('command'))
        return wanted <= self._alive and self._command.get_subscription_count() >= listeners

    def _met(self, publisher: Any, topic: str) -> bool:
        """Return whether all who listen to a topic, as far as the intent node knows, hear us."""
        return bool(publisher.get_subscription_count() >= max(1, self._listeners[topic]))

    def connect(self, seconds: float = 10.0) -> None:
        """
        Wait for the graph, three times as long once a part of it was heard, or raise.

        Listeners that only the intent node knows so far, such as a recorder, get three seconds.
        """
        there = self.wait_until(self.ready, seconds) or (
            bool(self._alive) and self.wait_until(self.ready, 2 * seconds))
        if not there:
            found = f'only {", ".join(sorted(self._alive))}' if self._alive else 'none'
            raise RobotError(f'expected a running graph in /{self.namespace}, found {found} in '
                             f'time (ROS domain {self._context.get_domain_id()}); '
                             'start one with: shadow-ros up')
        # No error if they do not come: one that was killed is counted for a while.
        self.wait_until(lambda: self._met(self._command, 'command'), 3.0)

    def say(self, text: str) -> float:
        """Give a command; return the time at which it was given (seconds since the epoch)."""
        stamp = time.time()
        self._command.publish(String(data=text))
        return stamp

    def hear(self, text: str) -> None:
        """Give a text that a recogniser outside the graph heard, as the speech node does."""
        self._transcript.publish(String(data=text))

    def last_plan(self, seconds: float = 3.0) -> str:
        """Return the id of the newest plan, as the intent node's health tells it."""
        if not self.wait_until(lambda: bool(self._last_plan), seconds):
            raise RobotError('expected a plan that this could be about, there was none yet; '
                             'give the robot a command first')
        return self._last_plan

    def tell(self, feedback: Feedback, seconds: float = 3.0) -> bool:
        """Publish feedback; return whether somebody heard it."""
        self.wait_until(lambda: self._met(self._feedback, 'feedback'), seconds)
        heard = self._feedback.get_subscription_count() > 0
        self._feedback.publish(String(data=feedback.to_json()))
        self._feedback.wait_for_all_acked(Duration(seconds=seconds))
        return heard

    def trigger(self, service: str, seconds: float = 10.0) -> tuple[bool, str]:
        """
        Call `stop` or `resume`; return whether it succeeded, and what it said.

        Either means the same when it is called twice, so it is called again every second that no
        answer comes: a server that does not know its client yet drops its answer.
        """
        return self._call(Trigger, service, Trigger.Request(), seconds, again=1.0)

    def confirm(self, yes: bool, seconds: float = 10.0) -> tuple[bool, str]:
        """Answer the pending question; return whether there was one, and what was said."""
        return self._call(SetBool, 'confirm', SetBool.Request(data=yes), seconds)

    def attach(self, wanted: bool, seconds: float = 40.0) -> tuple[bool, str]:
        """Attach or detach the backbone; return whether it is so, and what was said."""
        return self._call(SetBool, 'attach_backbone', SetBool.Request(data=wanted), seconds)

    def record(self, wanted: bool, seconds: float = 10.0) -> tuple[bool, str]:
        """Begin or end a recording; return whether that succeeded, and what was said."""
        return self._call(SetBool, 'record', SetBool.Request(data=wanted), seconds)

    def _call(self, kind: Any, service: str, request: Any, seconds: float,
              again: float = math.inf) -> tuple[bool, str]:
        client: Any = self._node.create_client(kind, service)
        try:
            if not self.wait_until(client.service_is_ready, seconds):
                raise RobotError(
                    f'expected the service /{self.namespace}/{service}, found none within '
                    f'{seconds:g} s; start the nodes with: shadow-ros up')
            calls: list[Any] = []

            def answered() -> Any:
                return next((call for call in calls if call.done()), None)
            deadline = time.monotonic() + seconds
            while not answered():
                left = deadline - time.monotonic()
                if left <= 0:
                    raise RobotError(f'/{self.namespace}/{service} did not answer within '
                                     f'{seconds:g} s; if the dog moves, use its remote control')
                calls.append(client.call_async(request))
                self.wait_until(lambda: bool(answered()), min(left, again))
            result = answered().result()
            return bool(result.success), str(result.message)
        finally:
            self._node.destroy_client(client)
