# make demo, make test: each sets up all that it needs in .venv of this folder and runs.
# Nothing is written outside this folder, apart from missing apt packages when run as root.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help demo test install clean

PYTHON ?= python3
WORKERS ?= 2
TESTS ?= test
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet install -c constraints.txt

# Microphone, the voices of the spoken tests and demo, and the judge of the Gazebo models;
# python3-venv makes .venv.
APT := python3-venv libportaudio2 espeak-ng flite ignition-tools libsdformat-dev

# What the installed package consists of: editing any of it installs it anew (3 s).
PACKAGE := setup.py setup.cfg package.xml README.md \
	$(shell find shadow_ros launch config models scenarios worlds -type f -not -name '*.pyc' 2>/dev/null)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_CACHE_DIR := $(CURDIR)/.cache/pip
export PYTHONNOUSERSITE := 1

help:
	@echo 'make demo     set up and watch a virtual Go2 obey typed and spoken commands'
	echo 'make test     set up and run all tests (TESTS=test/test_plan.py: some of them)'
	echo 'make install  set up, and install this folder into .venv again after an edit'
	echo 'make clean    remove what the others made in this folder'

demo: .venv/installed
	@$(BIN)/shadow-ros demo </dev/null

install: .venv/installed

# Temp folder and home of our own, so that what a killed process leaves behind goes with them.
test: .venv/installed
	@rm -rf .tmp && mkdir -p .tmp/home
	trap 'rm -rf .tmp; .ci/sweep' EXIT
	export TMPDIR=$(CURDIR)/.tmp HOME=$(CURDIR)/.tmp/home
	unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME ROS_LOG_DIR ROS_HOME
	export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(TESTS)

# setuptools keeps deleted files in build/lib.
.venv/installed: .venv/ready $(PACKAGE)
	@rm -rf build/lib
	$(PIP) --no-deps --no-build-isolation --force-reinstall .
	touch $@

# openai-whisper asks for triton, 1 GB that only word times on CUDA need: it comes without its
# needs, and the test extra names the others.
.venv/ready: setup.py constraints.txt | .venv/bin/pip
	@echo 'Installing what shadow_ros needs into .venv (some minutes, once) ...'
	$(PIP) --upgrade pip setuptools wheel
	$(PIP) '.[test]'
	$(PIP) --no-deps openai-whisper
	touch $@

.venv/bin/pip: | .venv/apt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 to 3.13 is needed, got " + \
	  sys.version.split()[0] + "; name one: make PYTHON=python3.12 ...") \
	  if sys.version_info < (3, 10) else 0'
	$(PYTHON) -m venv .venv

.venv/apt:
	@mkdir -p .venv
	.ci/apt $(APT)
	touch $@

clean:
	rm -rf .venv .tmp .cache build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
