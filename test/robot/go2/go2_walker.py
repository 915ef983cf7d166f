"""A program that walks a Go2 at 0.8 m/s until it is killed, as an action node would."""

import sys
import time

from shadow_ros.robot.body import Velocity
from shadow_ros.robot.go2.body import Go2Body

body = Go2Body('lo', int(sys.argv[1]), sys.argv[2], name='virtual')
body.start()
print('pids', *body.pids, flush=True)
while True:
    body.send(Velocity(0.8, 0.0, 0.0))
    time.sleep(0.05)
