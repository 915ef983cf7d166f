"""
A Go2 of somebody else: the SDK's own Server with nothing but `sport`, and a bare sport state.

No motion switcher, no obstacle avoidance, no 20xx ids, no posture codes (mode is always 0), no
body height and no low state; it obeys Move and StopMove, and takes the posture calls with code 0.
"""

import json
import sys
import threading
import time

from unitree_sdk2py.core.channel import ChannelPublisher
from unitree_sdk2py.idl.default import unitree_go_msg_dds__SportModeState_
from unitree_sdk2py.idl.unitree_go.msg.dds_ import SportModeState_
from unitree_sdk2py.rpc.server import Server

from shadow_ros.robot import dds

TAKEN = (1001, 1002, 1004, 1005, 1006, 1009, 1010, 1016)
BRAKES = 5.0  # m/s²
PERIOD = 0.02  # s


class MinimalDog(Server):
    """Walks along x; a Move lasts a second."""

    def __init__(self):
        super().__init__('sport')
        self.lock = threading.Lock()
        self.target, self.until, self.speed, self.x = 0.0, 0.0, 0.0, 0.0
        self._SetApiVersion('1.0.0.1')
        self._RegistHandler(1008, self.move, False)
        self._RegistHandler(1003, self.stop, False)
        for api in TAKEN:
            self._RegistHandler(api, lambda parameter: (0, ''), False)

    def move(self, parameter):
        """Walk."""
        with self.lock:
            self.target, self.until = json.loads(parameter)['x'], time.monotonic() + 1.0
        return 0, ''

    def stop(self, parameter):
        """Stop."""
        with self.lock:
            self.target = 0.0
        return 0, ''

    def advance(self):
        """Let a period pass."""
        with self.lock:
            target = self.target if time.monotonic() < self.until else 0.0
            change = target - self.speed
            self.speed += max(-BRAKES * PERIOD, min(BRAKES * PERIOD, change))
            self.x += self.speed * PERIOD


def main():
    """Serve on loopback in the domain of the first argument."""
    dds.connect('lo', int(sys.argv[1]))
    dog = MinimalDog()
    dog.Init()
    dog.Start()
    topic = ChannelPublisher('rt/sportmodestate', SportModeState_)
    topic.Init()
    print('ready', flush=True)
    state = unitree_go_msg_dds__SportModeState_()
    while True:
        dog.advance()
        state.position, state.velocity = [dog.x, 0.0, 0.0], [dog.speed, 0.0, 0.0]
        topic.Write(state)
        time.sleep(PERIOD)


main()
