"""The action node: plans, stops and answers in; motion, events and the robot's state out."""

from dataclasses import replace
import math
import time
from typing import Iterable, Optional

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import Twist
from nav_msgs.msg import Odometry
from std_srvs.srv import SetBool, Trigger

from shadow_ros.config import Config
from shadow_ros.errors import PlanError
from shadow_ros.nodes.base import BROKEN, Check, LATCHED, OK, ShadowNode
from shadow_ros.nodes.process import run
from shadow_ros.phrases import say
from shadow_ros.records import Event, PlanRecord, RobotState
from shadow_ros.robot.bodies import make_body
from shadow_ros.robot.body import Body, BodyState
from shadow_ros.robot.guard import Settings
from shadow_ros.robot.helm import Call, Helm
from shadow_ros.robot.pilot import Pilot
from shadow_ros.robot.precedence import take_precedence
from shadow_ros.robot.runner import Effects
from shadow_ros.robot.twist import TwistBody
from shadow_ros.speech.stopword import hears_stop, is_no, is_panic, is_stop, is_yes

_STATE_EVERY = 1.0  # s between state messages when nothing changes
_SAME_PLAN = 5.0  # s in which a record with the same id is the same one, sent again


class ActionNode(ShadowNode):
    """
    Guards and carries out plans on a body.

    Stop words in `command`, `transcript` and `partial` are heard here, so that a stop needs
    neither the model nor the intent node. Everything that moves the robot happens in the helm's
    thread; callbacks only hand over.
    """

    node_name = 'action'

    def configure(self) -> None:
        """Connect to the body and open the topics."""
        self._body: Optional[Body] = None
        self._helm: Optional[Helm] = None
        self._told = (RobotState(), 0.0)
        self._model, self._backbone = '', False
        self._begun: dict[str, float] = {}
        self._last_plan = ('', 0.0)
        self._latency_ms = -1.0
        self._twist = self.create_publisher(Twist, 'cmd_vel', 10)
        self._undo.append(lambda: self.destroy_publisher(self._twist))
        body = make_body(self.config.robot, self._publish_twist)
        self._body = body
        body.start()
        self._pilot = Pilot(_settings(self.config), body.refusal)
        self._open()

    def _open(self) -> None:
        self._publish_event = self.text_publisher('event', 50)
        self._publish_reply = self.text_publisher('reply')
        self._publish_state = self.text_publisher('state', LATCHED)
        self._odometry = self.create_lifecycle_publisher(Odometry, 'odom', 10)
        self._undo.append(lambda: self.destroy_lifecycle_publisher(self._odometry))
        self.listen('plan', self._on_plan)
        self.listen('command', self._on_text)
        self.listen('transcript', self._on_text)
        self.listen('partial', self._on_partial)
        self.serve(Trigger, 'stop', self._on_stop)
        self.serve(Trigger, 'resume', self._on_resume)
        self.serve(SetBool, 'confirm', self._on_confirm)
        watch = self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 10)
        self._undo.append(lambda: self.destroy_subscription(watch))
        if isinstance(self._body, TwistBody):
            odom = self.create_subscription(Odometry, 'odom', self._on_odometry, 10)
            self._undo.append(lambda: self.destroy_subscription(odom))

    def activate(self) -> None:
        """Take the helm."""
        assert self._body is not None
        self._helm = Helm(self._body, self._pilot, self._publish, self._report)
        self._helm.start()

    def deactivate(self) -> None:
        """Bring the body to rest and let go of the helm."""
        helm, self._helm = self._helm, None
        if helm:
            helm.close()

    def cleanup(self) -> None:
        """Let go of the body."""
        body, self._body = getattr(self, '_body', None), None
        if body:
            body.close()

    def reconfigured(self, old: Config) -> None:
        """Take on what the operator now allows."""
        self._pilot.settings = _settings(self.config)

    def checks(self) -> Iterable[Check]:
        """Yield the health of the body."""
        body = getattr(self, '_body', None)
        if body is None:
            return
        fine, sentence = body.health()
        state = body.state()
        yield Check('body', OK if fine else BROKEN, sentence, {
            'body': body.name, 'posture': state.posture, 'battery': state.battery,
            'stopped': self._pilot.latched, 'command_to_motion_ms': round(self._latency_ms, 1)})

    # What comes in.

    def _on_plan(self, text: str) -> None:
        try:
            record = PlanRecord.from_json(text)
        except PlanError as error:
            self._post(lambda pilot, now, state, why=str(error): pilot.unreadable(why))
            return
        self._model = record.model or self._model
        last, at = self._last_plan
        if record.id == last and time.monotonic() - at < _SAME_PLAN:
            return
        self._last_plan = (record.id, time.monotonic())
        self._begun[record.id] = record.stamp
        self._post(lambda pilot, now, state: pilot.plan(record, now, state))

    def _on_text(self, text: str) -> None:
        if is_panic(text):
            self._stop(text, latch=True)
        elif is_stop(text):
            self._stop(text)
        elif is_yes(text) or is_no(text):
            self._post(lambda pilot, now, state: pilot.answer(is_yes(text), now, state))

    def _on_partial(self, text: str) -> None:
        if is_panic(text):
            self._stop(text, latch=True)
        elif hears_stop(text):
            self._stop(text)

    def _on_stop(self) -> tuple[bool, str]:
        self._stop('', latch=True)
        return True, say('latched_now')

    def _on_resume(self) -> tuple[bool, str]:
        self._post(lambda pilot, now, state: pilot.resume())
        return True, say('resumed')

    def _on_confirm(self, yes: bool) -> tuple[bool, str]:
        if not self._pilot.asking:
            return False, say('confirm_none')
        self._post(lambda pilot, now, state: pilot.answer(yes, now, state))
        return True, ''

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        """Learn from the intent node's health which model thinks and whether a cloud helps."""
        prefix = f'{self.get_namespace().lstrip("/")}/intent:'
        for status in message.status:
            if status.name.startswith(prefix):
                values = {item.key: item.value for item in status.values}
                self._model = values.get('model', self._model)
                self._backbone = values.get('backbone_attached', str(self._backbone)) == 'True'

    def _on_odometry(self, message: Odometry) -> None:
        if isinstance(self._body, TwistBody):
            self._body.odometry(_state_of(message, self._body.state().yaw))

    def _stop(self, text: str, latch: bool = False) -> None:
        stamp = time.time()
        self._post(lambda pilot, now, state: pilot.stop(now, stamp, text, latch=latch),
                   urgent=True)

    def _post(self, call: Call, urgent: bool = False) -> None:
        if self._helm:
            self._helm.post(call, urgent)

    # What goes out; called in the helm's thread.

    def _publish(self, effects: Effects) -> None:
        for event in effects.events:
            self._publish_event(self._timed(event).to_json())
        for reply in effects.replies:
            self._publish_reply(reply)

    def _timed(self, event: Event) -> Event:
        """Return the event with the time, and the latency with a plan's first motion."""
        now = time.time()
        data = dict(event.data)
        if event.kind == 'started':
            stamp = self._begun.pop(event.plan_id, 0.0)
            if stamp:
                self._latency_ms = data['since_command_ms'] = round((now - stamp) * 1000, 1)
        if event.ends_plan:
            self._begun.pop(event.plan_id, None)
        return replace(event, time=now, data=data)

    def _report(self, state: BodyState) -> None:
        """Publish odometry at every step, and the state when it changed or a second has passed."""
        if state.stamp and state.pose_known and not isinstance(self._body, TwistBody):
            self._odometry.publish(self._odometry_of(state))
        robot = RobotState(
            posture=state.posture, moving=not state.still, stopped=self._pilot.latched,
            body=self.config.robot.body, battery=state.battery,
            backbone_attached=self._backbone, model=self._model)
        told, at = self._told
        if robot != told or time.monotonic() - at >= _STATE_EVERY:
            self._told = (robot, time.monotonic())
            self._publish_state(robot.to_json())

    def _odometry_of(self, state: BodyState) -> Odometry:
        message = Odometry()
        message.header.stamp = self.get_clock().now().to_msg()
        message.header.frame_id, message.child_frame_id = 'odom', 'base_link'
        pose, twist = message.pose.pose, message.twist.twist
        pose.position.x, pose.position.y = state.x, state.y
        pose.orientation.z, pose.orientation.w = math.sin(state.yaw / 2), math.cos(state.yaw / 2)
        twist.linear.x, twist.linear.y, twist.angular.z = state.vx, state.vy, state.wz
        return message

    def _publish_twist(self, vx: float, vy: float, wz: float) -> None:
        message = Twist()
        message.linear.x, message.linear.y, message.angular.z = vx, vy, wz
        self._twist.publish(message)


def _settings(config: Config) -> Settings:
    return Settings(config.robot.acrobatics, config.robot.confirm_timeout,
                    config.robot.cloud_actions, config.robot.cloud_confidence)


def _state_of(message: Odometry, last_yaw: float) -> BodyState:
    """Return the report that an odometry message holds; yaw goes on from the last one."""
    pose, twist = message.pose.pose, message.twist.twist
    q = pose.orientation
    yaw = math.atan2(2 * (q.w * q.z + q.x * q.y), 1 - 2 * (q.y * q.y + q.z * q.z))
    yaw = last_yaw + math.remainder(yaw - last_yaw, math.tau)
    return BodyState(time.monotonic(), 'stand', pose.position.x, pose.position.y, yaw,
                     twist.linear.x, twist.linear.y, twist.angular.z)


def main() -> int:
    """Run the action node."""
    take_precedence()
    return run(ActionNode)


if __name__ == '__main__':
    raise SystemExit(main())
