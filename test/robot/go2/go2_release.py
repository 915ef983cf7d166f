"""Release the motion mode of the Go2 on loopback, as the app's debug mode does."""

import sys

from unitree_sdk2py.comm.motion_switcher.motion_switcher_client import MotionSwitcherClient

from shadow_ros.robot import dds

dds.connect('lo', int(sys.argv[1]))
client = MotionSwitcherClient()
client.Init()
code, _ = client.ReleaseMode()
print('released', code, flush=True)
