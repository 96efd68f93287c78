# Everything from a fresh Debian or Ubuntu machine: `make run` starts the program, `make test` checks it.
# On other systems see README.md.

VENV := .venv
PYTHON ?= python3
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# What PortAudio and Qt need to open a microphone and a window.
RUN_PACKAGES := python3-venv libportaudio2 libasound2-plugins libegl1 libgl1 libdbus-1-3 libfontconfig1 \
	libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-render-util0 \
	libxcb-shape0 libxcb-xkb1
# For the tests a screen, a microphone, a Wayland desktop and a bus: the last two are 3 MB.
TEST_PACKAGES := xvfb openbox xdotool xterm pulseaudio pulseaudio-utils \
	sway wtype wl-clipboard foot dbus-daemon

# Without an NVIDIA GPU the CPU build of torch is enough, and gigabytes smaller. A pinned local version can never be
# answered with a CUDA build; the index is asked only where pip does not find that version by itself.
TORCH := 2.13.0
TORCH_CPU_INDEX ?= https://download.pytorch.org/whl/cpu

.PHONY: run test test-browser lint fuzz clean
run: $(VENV)/.installed
	@$(BIN)/dictate demo

# In two processes: one mostly waits for real windows and real sound, the other computes (tests/conftest.py). One that
# dies is not started again: pytest-xdist may then wait for ever.
test: $(VENV)/.tested lint
	@$(BIN)/python -m pytest --numprocesses 2 --max-worker-restart 0

# Inserting text into a page of a browser: 113 MB to download, so not a part of `make test`.
test-browser: $(VENV)/.tested
	$(call install_packages,chromium)
	@$(BIN)/python -m pytest tests/end_to_end/test_insertion_browser.py

lint: $(VENV)/.tested
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# Hostile input for every reader, a minute each; `make fuzz SECONDS=600` goes on for longer.
SECONDS := 60
fuzz: $(VENV)/.tested
	@$(PIP) install --editable '.[fuzz]'
	@$(BIN)/python tests/fuzz/run.py --seconds $(SECONDS)

clean:
	rm -rf $(VENV)

# Installs what is missing of the packages $(1), through sudo unless run as root; says what lacks where there is no apt.
define install_packages
	@missing=""; \
	for package in $(1); do \
		dpkg-query -W -f='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		if ! command -v apt-get >/dev/null; then \
			echo "This is no Debian or Ubuntu. Make sure these are installed in their local form:$$missing"; \
		else \
			sudo=""; [ "$$(id -u)" = 0 ] || sudo="sudo"; \
			echo "Installing system packages:$$missing"; \
			$$sudo apt-get update -qq && \
			$$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
		fi; \
	fi
endef

$(VENV)/.installed: pyproject.toml Makefile
	$(call install_packages,$(RUN_PACKAGES))
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Python packages into $(VENV)"
	@if command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q GPU; then \
		$(PIP) install "torch==$(TORCH)"; \
	else \
		$(PIP) install "torch==$(TORCH)+cpu" 2>/dev/null || \
		$(PIP) install --index-url $(TORCH_CPU_INDEX) "torch==$(TORCH)+cpu"; \
	fi
	@$(PIP) install --editable .
	@echo "Compiling for this processor"
	@$(BIN)/dictate transcribe resources/audio/sample.flac >/dev/null
	@touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(call install_packages,$(TEST_PACKAGES))
	@$(PIP) install --editable '.[test]'
	@touch $@
