"""Print every `rt/sportmodestate` on loopback as JSON: time (monotonic s), mode, x, vx, vy, wz."""

import json
import sys
import time

from unitree_sdk2py.core.channel import ChannelSubscriber
from unitree_sdk2py.idl.unitree_go.msg.dds_ import SportModeState_

from shadow_ros.robot import dds


def tell(state):
    """Print one state."""
    print(json.dumps({
        't': time.monotonic(), 'mode': state.mode, 'x': state.position[0],
        'vx': state.velocity[0], 'vy': state.velocity[1], 'wz': state.yaw_speed}), flush=True)


dds.connect('lo', int(sys.argv[1]))
topic = ChannelSubscriber('rt/sportmodestate', SportModeState_)
topic.Init(tell)
time.sleep(300)
