"""A black-box fuzz of the service against its own description: it keeps to it, and never fails."""

from pathlib import Path
import subprocess
import sys

import pytest

SETTINGS = """
[checks]
negative_data_rejection.expected-statuses = [401, 404, 405, 409, 413, 422, 429]
positive_data_acceptance.expected-statuses = ["2xx", 401, 404, 408, 409, 413, 429]
"""


@pytest.mark.timeout(170)
def test_the_service_keeps_to_its_own_description(server, tmp_path):
    pytest.importorskip('schemathesis')
    (tmp_path / 'schemathesis.toml').write_text(SETTINGS)
    tool = Path(sys.executable).with_name('schemathesis')
    done = subprocess.run(
        [str(tool), 'run', f'{server.url}/openapi.json', '--max-examples', '8', '--seed', '7',
         '--no-color'], capture_output=True, text=True, timeout=160, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert '7 selected / 7 total' in done.stdout
    figures = server.client.get('/metrics').text
    assert 'status="422"' in figures and 'status="200"' in figures and 'status="5' not in figures
