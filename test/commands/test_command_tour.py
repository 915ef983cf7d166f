"""`shadow-ros demo` as a stranger first sees it: the tour, with the shipped model."""

import pytest

from shadow_ros.commands.tour import tour


@pytest.mark.usefixtures('real_time')
@pytest.mark.timeout(240)
def test_the_tour_goes_as_it_promises(shadow_ros):
    done = shadow_ros('demo', timeout=230)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f'{len(tour())} of {len(tour())} as expected' in done.stdout
