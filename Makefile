# Everything runs in .venv, installed from hashed locks: python3 (3.11 to 3.13), make and PyPI
# are enough. Tests also want PostgreSQL (Debian's package); `make test` installs it where it can.
PYTHON ?= python3
BIN := .venv/bin
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --python-version 3.11

.PHONY: run test lint bench bench-scale bench-lists bench-detection fuzz faults mutants soak lock clean servers looks

run: .venv/run
	@$(BIN)/ebbwatch run

# modules stay compiled, whatever the shell says: the tests start hundreds of processes
test: .venv/test servers
	@PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n auto --dist loadfile

lint: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/test
	$(BIN)/python -m tests.bench

# lakes of 100,000 accounts, a million and four, about 4 GB in the temporary folder
bench-scale: .venv/test
	$(BIN)/python -m tests.bench.scale --accounts 100000 1000000 4000000 --engine local dask

bench-lists: .venv/test
	$(BIN)/python -m tests.bench.follower_lists

bench-detection: .venv/peers
	$(BIN)/python -m tests.bench.detection

fuzz: .venv/test
	EBBWATCH_FUZZ=1 $(BIN)/pytest -n auto --dist worksteal tests/bot tests/checks -k "fuzz or hostile"

faults: .venv/test
	EBBWATCH_FAULTS=1 $(BIN)/pytest tests/faults tests/bot/service/test_kill.py tests/bot/deliver/test_deliver.py \
		tests/bot/test_crowd.py

mutants: .venv/test
	$(BIN)/python -m tests.mutants

soak: .venv/test
	EBBWATCH_SOAK=1 $(BIN)/pytest tests -k soak

# pictures of every message and page, by Debian's Chromium and Poppler; root and apt are needed only
# where they are missing
looks: .venv/test
	@{ command -v chromium && command -v pdftoppm; } >/dev/null || { apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
		apt-get -qq install -y --no-install-recommends chromium poppler-utils \
		fonts-noto-core fonts-noto-color-emoji >/dev/null; }
	$(BIN)/python -m tests.looks
	$(BIN)/python -m tests.looks.web

.venv/run: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "ebbwatch needs Python 3.11 or newer: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into .venv (about a minute, once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --no-build-isolation --no-deps -e . 2>/dev/null
	@touch $@

.venv/test: .venv/run tests/requirements.lock
	@$(BIN)/pip install --quiet --require-hashes -r tests/requirements.lock
	@touch $@

.venv/peers: .venv/test tests/bench/requirements.lock
	@$(BIN)/pip install --quiet --require-hashes -r tests/bench/requirements.lock
	@touch $@

# real servers for the sql source's tests, a browser for the page's; root and apt are needed only where they are missing
SERVERS := $(if $(wildcard /usr/lib/postgresql/*/bin/postgres),,postgresql) \
	$(if $(wildcard /usr/sbin/mariadbd),,mariadb-server) \
	$(if $(wildcard /usr/bin/chromium),,chromium)
servers:
	@[ -z "$(strip $(SERVERS))" ] \
		|| { [ "$$(id -u)" = 0 ] && apt-get -qq update && DEBIAN_FRONTEND=noninteractive \
			apt-get -qq install -y --no-install-recommends $(SERVERS) >/dev/null; } \
		|| echo "not installed, so their tests are skipped: $(SERVERS)"

# botocore, in the tests' S3 server, takes no newer dateutil; matplotlib takes either
lock:
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet uv
	printf 'setuptools>=80\npython-dateutil<3\n' | $(COMPILE) pyproject.toml - -o requirements.lock
	echo 'setuptools>=80' | $(COMPILE) pyproject.toml - --extra cluster -c requirements.lock \
		-o requirements-cluster.lock
	$(COMPILE) --group test -c requirements.lock -o tests/requirements.lock
	$(COMPILE) --group peers -c requirements.lock -o tests/bench/requirements.lock

clean:
	rm -rf .venv build *.egg-info
