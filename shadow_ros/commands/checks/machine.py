"""Checks of the machine: Python, memory, disk, CPU and GPU."""

import os
from pathlib import Path
import platform
import shutil
import sys
from typing import Iterator

from shadow_ros.commands.checks.check import Check, FAIL, OK, probe, Setup, WARN

OLDEST, NEWEST = (3, 10), (3, 13)
MEMORY_GB = 1.5
DISK_GB = 1.0

_TORCH = """
import json, torch
cuda = torch.cuda.is_available()
print(json.dumps({'version': torch.__version__, 'built_for': torch.version.cuda,
                  'device': torch.cuda.get_device_name(0) if cuda else ''}))
"""


def check(setup: Setup) -> Iterator[Check]:
    """Yield what the machine offers."""
    yield python()
    yield memory()
    yield disk()
    yield torch()


def python() -> Check:
    """Return whether this Python is one that shadow_ros is tested with."""
    found = f'Python {platform.python_version()} on {platform.machine()} ({sys.executable})'
    if OLDEST <= sys.version_info[:2] <= NEWEST:
        return Check('python', OK, found)
    return Check('python', WARN, found, 'use Python 3.10 to 3.13')


def memory() -> Check:
    """Return whether enough memory is free for the model and a recogniser."""
    values = _meminfo()
    if not values:
        return Check('memory', WARN, 'cannot be read on this system')
    free = values['MemAvailable'] / 1e6
    found = f'{free:.1f} of {values["MemTotal"] / 1e6:.1f} GB free, {os.cpu_count()} CPU cores'
    if free >= MEMORY_GB:
        return Check('memory', OK, found)
    return Check('memory', WARN, found, f'free some: {MEMORY_GB} GB are comfortable')


def _meminfo() -> dict[str, float]:
    """Return Linux' memory figures in kB; empty elsewhere."""
    path = Path('/proc/meminfo')
    if not path.is_file():
        return {}
    rows = (line.split() for line in path.read_text().splitlines())
    return {row[0].rstrip(':'): float(row[1]) for row in rows if len(row) > 1}


def disk() -> Check:
    """Return whether there is room for logs and bags where the user is."""
    free = shutil.disk_usage('.').free / 1e9
    found = f'{free:.1f} GB free in {Path.cwd()}'
    if free >= DISK_GB:
        return Check('disk', OK, found)
    return Check('disk', WARN, found, 'make room before you record bags')


def torch() -> Check:
    """Return whether torch works, and on what."""
    data, problem = probe(_TORCH, timeout=120.0)
    if problem:
        return Check('torch', FAIL, problem, "pip install 'shadow_ros[all]'; on a Jetson take "
                     "NVIDIA's torch for your JetPack (docs/jetson.md)")
    if data['device']:
        return Check('torch', OK, f'torch {data["version"]} on {data["device"]}')
    found = f'torch {data["version"]}, no CUDA device: the CPU is used'
    if Path('/etc/nv_tegra_release').exists():
        return Check('torch', WARN, found, "this is a Jetson: install NVIDIA's torch for your "
                     'JetPack to use its GPU (docs/jetson.md)')
    return Check('torch', OK, found)
