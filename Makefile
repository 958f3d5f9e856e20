# Everything runs in .venv, installed from hashed locks: python3 (3.11 to 3.13), make and PyPI are enough.
PYTHON ?= python3
BIN := .venv/bin
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --python-version 3.11

.PHONY: run test lint bench bench-detection fuzz faults soak lock clean

run: .venv/run
	$(BIN)/ebbwatch run

.venv/run: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-build-isolation --no-deps -e .
	@touch $@

.venv/test: .venv/run tests/requirements.lock
	$(BIN)/pip install --quiet --require-hashes -r tests/requirements.lock
	@touch $@

lock:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet uv
	echo 'setuptools>=80' | $(COMPILE) pyproject.toml - -o requirements.lock
	$(COMPILE) --group test -c requirements.lock -o tests/requirements.lock
	$(COMPILE) --group peers -c requirements.lock -o tests/bench/requirements.lock

clean:
	rm -rf .venv build *.egg-info
