"""Ray Serve: the settings everywhere; two replicas where Ray is installed."""

import os
import subprocess
import sys
import time

import httpx2
import pytest

from shadow_ros.cloud.scale import Scale
from shadow_ros.errors import ConfigError


def test_settings_of_the_command_line():
    scale = Scale.parse({'replicas': '2', 'busy': '8', 'model': 'm', 'gpus': 1})
    assert (scale.replicas, scale.busy, scale.model, scale.gpus) == (2, 8.0, 'm', 1.0)
    assert scale.deployment['num_replicas'] == 2
    growing = Scale.parse({'least': 2, 'most': 40}).deployment
    assert growing['autoscaling_config'] == {
        'min_replicas': 2, 'max_replicas': 40, 'target_ongoing_requests': 24.0}
    assert growing['max_ongoing_requests'] == 96


@pytest.mark.parametrize(('given', 'words'), [
    ({'replica': 2}, 'did you mean replicas'), ({'slots': 'many'}, 'slots must be a number')])
def test_mistakes_are_sentences(given, words):
    with pytest.raises(ConfigError, match=words):
        Scale.parse(given)


@pytest.mark.timeout(300)
def test_two_replicas_answer_as_one(heart, tmp_path, spawn):
    pytest.importorskip('ray', reason='Ray is 500 MB, and not part of the test set-up')
    child = spawn(
        [sys.executable, '-m', 'ray.serve.scripts', 'run', 'shadow_ros.cloud.scale:build',
         'replicas=2', f'model={heart}', 'cpus=0.5'],
        env={**os.environ, 'RAY_USAGE_STATS_ENABLED': '0', 'PYTHONUNBUFFERED': '1'})
    child.wait_for('is ready at', 200)
    try:
        with httpx2.Client(base_url='http://127.0.0.1:8000', timeout=30.0) as client:
            for _ in range(20):
                answer = client.post('/v1/plan', json={'text': 'turn left'})
                assert answer.json()['plan'] == '[TURN yaw=90] Turning.'
            # Each replica counts for itself: both have answered.
            counts = {line for _ in range(40) for line in client.get('/metrics').text.splitlines()
                      if line.startswith('shadow_ros_plans_total')}
            assert sum(float(line.split()[-1]) for line in counts) == 20 and len(counts) == 2
            assert client.post('/v1/plan', json={}).status_code == 422
            assert client.get('/readyz').status_code == 200
    finally:
        child.signal(2)
        child.wait(60)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and subprocess.run(
                ['pgrep', '-f', 'ServeReplica:default:Backbone'], capture_output=True).stdout:
            time.sleep(0.2)
