"""
Fixtures for tests of real nodes: start one as a process, and a probe that talks to it.

The probe is a ROS node inside the test process, in a context of its own for each test and
without threads: it spins only while a test waits for something, always with a time limit.
"""

from contextlib import contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import sys
import time
from types import MappingProxyType
from typing import Any, Callable, Iterator, Mapping, Sequence

from diagnostic_msgs.msg import DiagnosticArray
from lifecycle_msgs.srv import ChangeState, GetState
import pytest
from rcl_interfaces.msg import Parameter, ParameterValue
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParameters
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from std_msgs.msg import String

ROOT = Path(__file__).parents[2]
STARTING = 90.0  # seconds; torch alone takes ten of them on a busy machine
DISCOVERY = 20.0  # seconds; usually 0.1 or 3, more on a busy machine
AGAIN = 5.0  # seconds without an answer after which a service is asked once more
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Heard(list):
    """The messages of one topic in order; `times` holds when each arrived (monotonic, s)."""

    def __init__(self) -> None:
        super().__init__()
        self.times: list[float] = []

    def take(self, value: Any) -> None:
        """Append a message that has just arrived."""
        self.times.append(time.monotonic())
        self.append(value)


class Probe:
    """A node in the test process that hears, says, calls and waits."""

    def __init__(self, domain: int, namespace: str = 'shadow') -> None:
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain,
                   signal_handler_options=SignalHandlerOptions.NO)
        self.node = Node('probe', namespace=namespace, context=self.context,
                         start_parameter_services=False)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self._publishers: dict[str, Any] = {}
        self._clients: dict[str, Any] = {}

    def close(self) -> None:
        """Leave the graph."""
        self.executor.shutdown(timeout_sec=1.0)
        self.node.destroy_node()
        self.context.try_shutdown()

    def wait(self, true: Callable[[], Any], timeout: float = DISCOVERY, what: str = '') -> Any:
        """Spin until the callable returns something true, and return that; fail in time."""
        deadline = time.monotonic() + timeout
        while True:
            result = true()
            if result:
                return result
            left = deadline - time.monotonic()
            assert left > 0, f'{what or "it"} did not come within {timeout} s'
            self.executor.spin_once(timeout_sec=min(left, 0.05))

    def spin(self, seconds: float) -> None:
        """Take in what comes for a while; only to show that something does not come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.executor.spin_once(timeout_sec=0.05)

    def hear(self, topic: str, kind: Any = String, qos: Any = 100, peers: int = 1) -> Heard:
        """Return the growing list of a topic's messages (the text of Strings), once matched."""
        heard = Heard()
        text = kind is String
        subscription = self.node.create_subscription(
            kind, topic, lambda m: heard.take(m.data if text else m), qos)
        self.wait(lambda: subscription.get_publisher_count() >= peers,
                  what=f'a publisher of {topic}')
        return heard

    def publisher(self, topic: str, kind: Any = String, peers: int = 1) -> Any:
        """Return a publisher that has found its subscribers."""
        if topic not in self._publishers:
            self._publishers[topic] = self.node.create_publisher(kind, topic, 100)
        publisher = self._publishers[topic]
        self.wait(lambda: publisher.get_subscription_count() >= peers,
                  what=f'a subscriber of {topic}')
        return publisher

    def say(self, topic: str, text: str, peers: int = 1) -> float:
        """Publish a text and return when (monotonic, s)."""
        publisher = self.publisher(topic, peers=peers)
        publisher.publish(String(data=text))
        return time.monotonic()

    def call(self, kind: Any, service: str, timeout: float = DISCOVERY, **fields: Any) -> Any:
        """
        Return the answer of a service, asked again when none comes.

        That a service is ready says that we know its server. A server that does not yet know us
        drops its answer after 100 ms, which on a busy machine happens (rmw_fastrtps 390, 704).
        """
        if service not in self._clients:
            self._clients[service] = self.node.create_client(kind, service)
        client = self._clients[service]
        self.wait(client.service_is_ready, what=f'the service {service}')
        calls = [(time.monotonic(), client.call_async(kind.Request(**fields)))]

        def answered() -> Any:
            if kind is not ChangeState and time.monotonic() - calls[-1][0] > AGAIN:
                calls.append((time.monotonic(), client.call_async(kind.Request(**fields))))
            return next((future for _, future in calls if future.done()), None)
        return self.wait(answered, timeout, f'the answer of {service}').result()

    def state_of(self, node: str) -> str:
        """Return the lifecycle state: unconfigured, inactive or active."""
        return self.call(GetState, f'{node}/get_state').current_state.label

    def change(self, node: str, transition: str) -> bool:
        """Request a transition: configure, activate, deactivate, cleanup; return its success."""
        request = ChangeState.Request()
        request.transition.label = transition
        answer = self.call(ChangeState, f'{node}/change_state', timeout=60.0,
                           transition=request.transition)
        return answer.success

    def set(self, node: str, name: str, value: ParameterValue) -> str:
        """Set a parameter; return the reason of a refusal, or ''."""
        answer = self.call(SetParameters, f'{node}/set_parameters',
                           parameters=[Parameter(name=name, value=value)])
        result = answer.results[0]
        return '' if result.successful else result.reason or 'refused'

    def get(self, node: str, name: str) -> ParameterValue:
        """Return the value of a parameter."""
        return self.call(GetParameters, f'{node}/get_parameters', names=[name]).values[0]

    def describe(self, node: str, name: str) -> Any:
        """Return the descriptor of a parameter."""
        return self.call(DescribeParameters, f'{node}/describe_parameters',
                         names=[name]).descriptors[0]

    def health(self, part: str) -> Any:
        """Return the next status of a part, such as `shadow/intent: model`."""
        heard = self.hear('/diagnostics', DiagnosticArray)
        return self.wait(lambda: next(
            (status for array in heard for status in array.status if status.name == part), None),
            what=f'the health of {part}')


@contextmanager
def probing(env: Mapping[str, str]) -> Iterator[Probe]:
    """Yield a probe in the ROS domain of an environment."""
    with pytest.MonkeyPatch.context() as patch:
        for key in ('ROS_LOG_DIR', 'ROS_AUTOMATIC_DISCOVERY_RANGE', 'ROS_DOMAIN_ID'):
            patch.setenv(key, env[key])
        probe = Probe(int(env['ROS_DOMAIN_ID']))
    try:
        yield probe
    finally:
        probe.close()


@pytest.fixture
def probe(ros_env) -> Iterator[Probe]:
    """Yield a probe in the test's own ROS domain."""
    with probing(ros_env) as probe:
        yield probe


def node_command(node: str, *parameters: str, arguments: Sequence[str] = ()) -> list[str]:
    """Return the command of a node (or of a file that holds one) with ROS parameters."""
    module = [node] if '/' in node else ['-m', f'shadow_ros.nodes.{node}']
    pairs = [word for parameter in parameters for word in ('-p', parameter)]
    return [sys.executable, *module, *arguments, '--ros-args', *pairs]


@pytest.fixture
def start_node(spawn, ros_env) -> Callable[..., Any]:
    """
    Yield `start_node('intent', 'robot.body:=twist', ...)`: the node as a process, once ready.

    `wait=False` returns at once, `arguments` follow the module's name, `env` adds to its own.
    """
    def start(node: str, *parameters: str, wait: bool = True, arguments: Sequence[str] = (),
              env: Mapping[str, str] = MappingProxyType({})) -> Any:
        child = spawn(node_command(node, *parameters, arguments=arguments),
                      env={**ros_env, 'PYTHONPATH': str(ROOT), **env})
        if wait:
            child.wait_for(' ready', STARTING)
        return child
    return start


@dataclass
class Shared:
    """A node that all tests of a module share, because it starts slowly, and a probe beside it."""

    child: Any
    probe: Probe


@pytest.fixture(scope='module')
def share_node(request, tmp_path_factory) -> Iterator[Callable[..., Shared]]:
    """Yield `share_node('intent', ...)`, as `start_node`, for a fixture of the whole module."""
    root = request.config.pluginmanager.get_plugin(str(ROOT / 'test' / 'conftest.py'))
    domain, claim = root._claim_domain()
    env = {**os.environ, 'ROS_DOMAIN_ID': str(domain), 'PYTHONUNBUFFERED': '1',
           'ROS_LOG_DIR': str(tmp_path_factory.mktemp('ros_log')), 'PYTHONPATH': str(ROOT),
           'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST', 'OMP_WAIT_POLICY': 'PASSIVE'}
    children = []

    def start(node: str, *parameters: str) -> Shared:
        child = root.Child(node_command(node, *parameters), env=env)
        children.append(child)
        child.wait_for(' ready', STARTING)
        return Shared(child, probe)

    with probing(env) as probe:
        yield start
        for child in children:
            child.end()
    claim.close()


@pytest.fixture(scope='session')
def tiny_model(tmp_path_factory) -> Path:
    """Return the folder of a model that knows the commands of tiny_model.PAIRS by heart."""
    import tiny_model
    return tiny_model.make(tmp_path_factory.mktemp('tiny_model'))
