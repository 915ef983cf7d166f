"""What all nodes share: parameters from the config tree, lifecycle, diagnostics, clean exits."""

import concurrent.futures
from dataclasses import dataclass, field
import traceback
from typing import Any, Callable, ClassVar, Iterable, Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rcl_interfaces.msg import ParameterDescriptor, SetParametersResult
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.task import Future
from std_msgs.msg import String

from shadow_ros.config import Config, NODES, ROS_NAMES, setting
from shadow_ros.errors import ConfigError, ShadowRosError

SUCCESS = TransitionCallbackReturn.SUCCESS
FAILURE = TransitionCallbackReturn.FAILURE
ERROR = TransitionCallbackReturn.ERROR

OK = DiagnosticStatus.OK
WARN = DiagnosticStatus.WARN
BROKEN = DiagnosticStatus.ERROR

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
"""For topics whose last message a late listener must still get."""


@dataclass(frozen=True)
class Check:
    """The health of one part for /diagnostics: a level, a sentence and figures."""

    part: str
    level: bytes
    message: str
    values: Mapping[str, object] = field(default_factory=dict)


class ShadowNode(LifecycleNode):
    """
    A lifecycle node of the graph.

    A subclass sets `node_name` and fills in the hooks; `shadow_ros.nodes.process.run` runs it.
    `configure` builds (models, bodies, topics), `activate` lets things happen, `deactivate` stops
    them, `cleanup` lets go and copes with a half-done `configure`. All run on the executor's
    thread. A ShadowRosError from the first two is logged and fails the transition. Callbacks of
    `listen` and `serve` see only what arrives while the node is active.
    """

    node_name: ClassVar[str]

    def __init__(self) -> None:
        super().__init__(self.node_name, namespace='shadow',
                         automatically_declare_parameters_from_overrides=True)
        self.active = False
        self.configured = False
        self.failure = ''
        self._undo: list[Callable[[], object]] = []
        self.config = self._declare()
        self.autostart = bool(self.get_parameter('autostart').value)
        self.add_on_set_parameters_callback(self._on_parameters)
        self._diagnostics = self.create_publisher(DiagnosticArray, '/diagnostics', 10)
        self._heartbeat = self.create_timer(1.0, self.publish_diagnostics)

    # Hooks.

    def configure(self) -> None:
        """Build what the node needs; raise ShadowRosError with what to do when it cannot."""

    def activate(self) -> None:
        """Start to work; raise ShadowRosError with what to do when it cannot."""

    def deactivate(self) -> None:
        """Stop to work; threads that publish must have ended when it returns."""

    def cleanup(self) -> None:
        """Let go of what `configure` built, however far it came."""

    def reconfigured(self, old: Config) -> None:
        """
        React to parameters that were changed while running; `self.config` is the new state.

        A ShadowRosError refuses the change.
        """

    def checks(self) -> Iterable[Check]:
        """Yield the health of each part; called once a second in every state."""
        return ()

    # Topics and services.

    def text_publisher(self, topic: str, qos: Any = 10) -> Callable[[str], None]:
        """Return a function that publishes text, in silence while the node is not active."""
        publisher = self.create_lifecycle_publisher(String, topic, qos)
        self._undo.append(lambda: self.destroy_lifecycle_publisher(publisher))

        def publish(text: str) -> None:
            # A lone surrogate cannot travel as UTF-8; a replacement mark can.
            clean = text.encode('utf-8', 'replace').decode('utf-8')
            publisher.publish(String(data=clean))
        return publish

    def listen(self, topic: str, callback: Callable[[str], None], qos: Any = 10) -> None:
        """Call back with the text of each message on a String topic."""
        def received(message: String) -> None:
            if self.active:
                callback(message.data)
        subscription = self.create_subscription(String, topic, received, qos)
        self._undo.append(lambda: self.destroy_subscription(subscription))

    def serve(self, kind: Any, name: str, callback: Callable[..., tuple[bool, str]]) -> None:
        """
        Answer a std_srvs service with (success, message).

        A SetBool's `data` is passed to the callback; a Trigger has none.
        """
        def handle(request: Any, response: Any) -> Any:
            if self.active:
                given = (request.data,) if hasattr(request, 'data') else ()
                response.success, response.message = callback(*given)
            else:
                response.message = f'the node {self.get_name()} is not active; activate it first'
            return response
        service = self.create_service(kind, name, handle)
        self._undo.append(lambda: self.destroy_service(service))

    def serve_later(
            self, kind: Any, name: str,
            callback: Callable[..., 'concurrent.futures.Future[tuple[bool, str]]']) -> None:
        """Answer a std_srvs service when a future is done; meanwhile the node goes on."""
        async def handle(request: Any, response: Any) -> Any:
            given = (request.data,) if hasattr(request, 'data') else ()
            done = Future(executor=self.executor)
            callback(*given).add_done_callback(lambda found: done.set_result(found.result()))
            response.success, response.message = await done
            return response
        service = self.create_service(kind, name, handle)
        self._undo.append(lambda: self.destroy_service(service))

    def every(self, seconds: float, callback: Callable[[], None]) -> None:
        """Call back again and again while the node is active."""
        timer = self.create_timer(seconds, lambda: callback() if self.active else None)
        self._undo.append(lambda: self.destroy_timer(timer))

    # Lifecycle.

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Build; whatever was built goes again when that fails."""
        self.failure = ''
        result = self._attempt(self.configure)
        self.configured = result is SUCCESS
        if not self.configured:
            self._let_go()
        return result if result is not SUCCESS else super().on_configure(state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Open the publishers, then work."""
        super().on_activate(state)
        self.active = True
        result = self._attempt(self.activate)
        if result is not SUCCESS:
            self.active = False
            super().on_deactivate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop to work, then close the publishers."""
        result = self._attempt(self._end_work)
        super().on_deactivate(state)
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Let go of everything that `configure` built."""
        return self._attempt(self._let_go)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop and let go, from any state."""
        return self._attempt(self.close)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Return to unconfigured after a mistake in a hook."""
        return self._attempt(self.close)

    def close(self) -> None:
        """Stop and let go of everything, whatever the state."""
        try:
            self._end_work()
        finally:
            self._let_go()

    def _end_work(self) -> None:
        if self.active:
            self.active = False
            self.deactivate()

    def _let_go(self) -> None:
        self.configured = False
        try:
            self.cleanup()
        finally:
            while self._undo:
                self._undo.pop()()

    def _attempt(self, hook: Callable[[], None]) -> TransitionCallbackReturn:
        try:
            hook()
        except ShadowRosError as error:
            self.failure = str(error)
            self.get_logger().error(self.failure)
            return FAILURE
        except Exception as error:  # rclpy would drop it without a word
            self.failure = f'{type(error).__name__}: {error}'
            self.get_logger().error(traceback.format_exc())
            return ERROR
        return SUCCESS

    # Parameters.

    def _declare(self) -> Config:
        """Check the overrides, declare this node's parameters and return the whole config."""
        given = {name: parameter.value
                 for name, parameter in self.get_parameters_by_prefix('').items()
                 if name.split('.')[0] not in ROS_NAMES}
        config = Config().changed(given)
        for name in given:
            self.undeclare_parameter(name)
        for name, value in config.flat().items():
            if name.split('.')[0] in NODES[self.node_name]:
                self.declare_parameter(name, value, _descriptor(name), ignore_override=True)
        if not self.has_parameter('autostart'):
            self.declare_parameter('autostart', True, ParameterDescriptor(
                description='configure and activate at start instead of waiting for transitions'))
        return config

    def _on_parameters(self, parameters: list[Any]) -> SetParametersResult:
        """Take on changes of parameters, or refuse them with the reason."""
        given = {p.name: p.value for p in parameters if p.name.split('.')[0] not in ROS_NAMES}
        try:
            changed = self.config.changed(given)
            for name in given:
                if self.configured and not setting(name).live and (
                        changed.get(name) != self.config.get(name)):
                    raise ConfigError(f'{name} cannot change while the node runs, it needs a '
                                      'restart; set it in the configuration and start again')
        except ConfigError as error:
            return SetParametersResult(successful=False, reason=str(error))
        old, self.config = self.config, changed
        try:
            if self.configured and changed != old:
                self.reconfigured(old)
        except ShadowRosError as error:
            self.config = old
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    # Diagnostics.

    def publish_diagnostics(self) -> None:
        """Publish one status for the node and one for each of its parts."""
        mode = 'active' if self.active else 'inactive' if self.configured else 'unconfigured'
        level = OK if self.active else BROKEN if self.failure else WARN
        message = DiagnosticArray()
        message.header.stamp = self.get_clock().now().to_msg()
        message.status = [
            self._status(check) for check in
            (Check('lifecycle', level, self.failure or mode, {'state': mode}), *self.checks())]
        self._diagnostics.publish(message)

    def _status(self, check: Check) -> DiagnosticStatus:
        name = f'{self.get_fully_qualified_name().lstrip("/")}: {check.part}'
        return DiagnosticStatus(
            level=check.level, name=name, message=check.message, hardware_id='shadow_ros',
            values=[KeyValue(key=key, value=str(value)) for key, value in check.values.items()])


def _descriptor(name: str) -> ParameterDescriptor:
    item = setting(name)
    when = '' if item.live else '; changes need a restart'
    return ParameterDescriptor(
        description=item.text + when, additional_constraints=item.expected())
