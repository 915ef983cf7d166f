"""The whole virtual Go2: one dog behind its services, safe to call from many threads."""

import threading
from typing import Optional

from shadow_ros.robot.virtual.dog import Dog
from shadow_ros.robot.virtual.others import MotionSwitcher, ObstaclesAvoid, Vui
from shadow_ros.robot.virtual.report import Report
from shadow_ros.robot.virtual.sport import Reply, Sport

FIRMWARES = ('new', 'old')

_MOVE_IT = (Sport.name, ObstaclesAvoid.name)


class Robot:
    """A Go2 without a network: calls go in, replies and reports come out; time is passed in."""

    def __init__(self, dog: Dog, firmware: str = 'new') -> None:
        self.firmware = firmware
        self._dog = dog
        self._switcher = MotionSwitcher(dog, firmware)
        self.services = {service.name: service for service in (
            Sport(dog, firmware), self._switcher, ObstaclesAvoid(dog), Vui())}
        self._lock = threading.Lock()

    def handle(self, service: str, api_id: int, parameter: str, now: float) -> Optional[Reply]:
        """Carry out a call; None means that no answer comes, as when the mode is released."""
        with self._lock:
            self._dog.advance(now)
            if not self._switcher.mode and service in _MOVE_IT:
                return None
            return self.services[service].handle(api_id, parameter, now)

    def report(self, now: float) -> Report:
        """Let the time until `now` pass and return the dog's report."""
        with self._lock:
            self._dog.advance(now)
            return self._dog.report()

    @property
    def released(self) -> bool:
        """Return whether no motion mode is selected; the sport state is then not published."""
        return not self._switcher.mode
