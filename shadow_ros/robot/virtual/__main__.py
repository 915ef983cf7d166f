"""`python -m shadow_ros.robot.virtual`: the virtual Go2."""

import sys

from shadow_ros.robot.virtual.program import main

sys.exit(main())
