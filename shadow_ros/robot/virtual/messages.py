"""Reports as the SDK's messages: SportModeState_ and LowState_ of unitree_go."""

import math

from unitree_sdk2py.idl.default import (
    unitree_go_msg_dds__LowState_, unitree_go_msg_dds__SportModeState_)
from unitree_sdk2py.idl.unitree_go.msg.dds_ import IMUState_, LowState_, SportModeState_

from shadow_ros.robot.virtual.legs import joint_angles
from shadow_ros.robot.virtual.report import Report

_GRAVITY = 9.81
_FAR = 10.0  # m, reported where there is no obstacle
_FOOT_FORCE = 38  # what a foot of a standing dog reports, in the robot's own unit
_FULL_VOLTS, _EMPTY_VOLTS = 33.6, 24.0  # eight cells


class SportState:
    """`rt/sportmodestate` from reports; `firmware` decides whether error_code tells the state."""

    type = SportModeState_

    def __init__(self, firmware: str = 'new') -> None:
        self._tells_state = firmware == 'new'
        self._message = unitree_go_msg_dds__SportModeState_()
        self._message.foot_raise_height = 0.09

    def message(self, report: Report) -> SportModeState_:
        """Return the message of a report; the next call changes the same object."""
        message = self._message
        message.stamp.sec = int(report.time)
        message.stamp.nanosec = int((report.time - message.stamp.sec) * 1e9)
        message.error_code = report.code if self._tells_state else 0
        message.mode, message.progress = report.mode, report.progress
        message.gait_type = report.gait
        message.position = [report.x, report.y, report.z]
        message.body_height = report.height
        message.velocity = [report.velocity[0], report.velocity[1], 0.0]
        message.yaw_speed = report.velocity[2]
        message.range_obstacle = [min(report.free_way, _FAR), _FAR, _FAR, _FAR]
        message.foot_force = [_FOOT_FORCE if report.posture.stands else 0] * 4
        _fill_imu(message.imu_state, report)
        return message


class LowState:
    """`rt/lowstate` from reports: joints in the order FR, FL, RR, RL, imu, battery."""

    type = LowState_

    def __init__(self) -> None:
        self._message = unitree_go_msg_dds__LowState_()
        self._message.head = [0xFE, 0xEF]
        self._message.level_flag = 0xFF
        self._time = -math.inf
        for motor in self._message.motor_state[:12]:
            motor.mode, motor.temperature = 1, 32

    def message(self, report: Report) -> LowState_:
        """Return the message of a report; the next call changes the same object."""
        message = self._message
        dt = report.time - self._time
        self._time = report.time
        for motor, angle in zip(message.motor_state, joint_angles(report)):
            motor.dq = (angle - motor.q) / dt if 0.0 < dt < math.inf else 0.0
            motor.q = angle
        message.tick = int(report.time * 1e3) & 0xFFFFFFFF
        message.foot_force = [_FOOT_FORCE if report.posture.stands else 0] * 4
        message.bms_state.soc = math.ceil(report.battery)
        message.bms_state.current = -3000 if report.walking else -1500  # mA
        message.power_v = _EMPTY_VOLTS + (_FULL_VOLTS - _EMPTY_VOLTS) * report.battery / 100.0
        message.power_a = message.bms_state.current / -1000.0
        _fill_imu(message.imu_state, report)
        return message


def _fill_imu(imu: IMUState_, report: Report) -> None:
    """Write attitude, turning rate and gravity; the quaternion is w, x, y, z."""
    roll, pitch, yaw = report.roll, report.pitch, _wrap(report.yaw)
    imu.rpy = [_wrap(roll), _wrap(pitch), yaw]
    imu.quaternion = quaternion(roll, pitch, yaw)
    imu.gyroscope = [0.0, 0.0, report.velocity[2]]
    imu.accelerometer = [-_GRAVITY * math.sin(pitch),
                         _GRAVITY * math.sin(roll) * math.cos(pitch),
                         _GRAVITY * math.cos(roll) * math.cos(pitch)]
    imu.temperature = 60


def quaternion(roll: float, pitch: float, yaw: float) -> list[float]:
    """Return w, x, y, z of a turn about z, then y, then x (rad)."""
    cr, sr = math.cos(roll / 2), math.sin(roll / 2)
    cp, sp = math.cos(pitch / 2), math.sin(pitch / 2)
    cy, sy = math.cos(yaw / 2), math.sin(yaw / 2)
    return [cr * cp * cy + sr * sp * sy, sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy, cr * cp * sy - sr * sp * cy]


def _wrap(angle: float) -> float:
    """Return the angle (rad) within plus or minus pi."""
    return math.remainder(angle, 2 * math.pi)
