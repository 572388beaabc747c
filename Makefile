# The ways to run, test and check magento-scim from a checkout. `make` alone lists them.

PYTHON ?= python3
PORT ?= 8080
DUMP ?=
COUNT ?= 100000
SIZES ?= 10000 100000 1000000
SECONDS ?= 5
SOAK ?= 200000
MINUTES ?= 30
ARGS ?=
VENV := .venv
# One test process for each core, at most four, each with a database server of its own.
SIDE_BY_SIDE := -n auto --maxprocesses=4 --dist=worksteal
PINS := UV_CUSTOM_COMPILE_COMMAND='make pins' uv pip compile -q --universal --python-version 3.11 --generate-hashes \
	--no-annotate
APT := DEBIAN_FRONTEND=noninteractive apt-get -q -y
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run venv test test-faults soak test-long test-cluster test-deploy attack fuzz bench lint pins conformance clean \
	distclean
.DELETE_ON_ERROR:

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

run: $(VENV)/.installed ## serve on a shop, or on a sandbox under var/: make run [PORT=8080]
	@exec $(VENV)/bin/magento-scim run --port $(PORT)

venv: $(VENV)/.installed ## install into .venv, and start nothing

test: $(VENV)/.installed-dev ## run the tests: make test [DUMP=shop.sql.gz] [ARGS="-k word"]
	@$(VENV)/bin/python -m app.sandbox.programs
	@exec $(VENV)/bin/python -m pytest $(SIDE_BY_SIDE) $(if $(DUMP),--dump='$(DUMP)') $(ARGS)

test-faults: $(VENV)/.installed-dev ## run the tests that cause faults, for minutes
	@$(VENV)/bin/python -m app.sandbox.programs
	@exec $(VENV)/bin/python -m pytest tests/faults tests/leavers/test_faults.py -m 'long or not long' $(ARGS)

soak: $(VENV)/.installed-dev ## half of full load with a fault every minute, and a ledger at the end: make soak [MINUTES=30] [ARGS="--seed 8"]
	@$(VENV)/bin/python -m app.sandbox.programs
	@exec $(VENV)/bin/python -m tests.faults.soak --minutes $(MINUTES) $(ARGS)

test-long: $(VENV)/.installed-dev ## run the tests that `make test` leaves out because they take long
	@$(VENV)/bin/python -m app.sandbox.programs
	@exec $(VENV)/bin/python -m pytest -m long $(ARGS)

test-cluster: $(VENV)/.installed-dev ## run the tests on three nodes of a MariaDB Galera cluster: installs galera-4, rsync
	@$(VENV)/bin/python -m app.sandbox.programs
	@exec timeout 300 $(VENV)/bin/python -m pytest tests/cluster -m cluster $(ARGS)

test-deploy: $(VENV)/.installed-dev var/tools/.installed ## run the tests of deploy/, nginx and the image's steps included: installs nginx
	@command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || $(APT) install --no-install-recommends nginx-light >/dev/null
	@$(VENV)/bin/python -m app.sandbox.programs
	@exec $(VENV)/bin/python -m pytest tests/access/test_deploy.py -m 'long or not long' $(ARGS)

attack: $(VENV)/.installed-dev ## let sqlmap and schemathesis try a service on a shop of its own: installs sqlmap
	@command -v sqlmap >/dev/null || $(APT) install --no-install-recommends sqlmap >/dev/null
	@$(VENV)/bin/python -m app.sandbox.programs
	@exec $(VENV)/bin/python -m tests.attack $(ARGS)

fuzz: $(VENV)/.installed-dev ## send malformed requests to a sandbox of its own: make fuzz [COUNT=100000] [ARGS="--profile strict"]
	@$(VENV)/bin/python -m app.sandbox.programs
	@exec $(VENV)/bin/python -m tests.fuzz $(COUNT) --jobs 2 $(ARGS)

bench: $(VENV)/.installed-dev ## measure, against goals and floor: make bench [SIZES="10000 1000000"] [SECONDS=5] [SOAK=200000] [DUMP=shop.sql.gz] [ARGS="--only get"]
	@$(VENV)/bin/python -m app.sandbox.programs
	@exec $(VENV)/bin/python -m bench $(SIZES) --seconds $(SECONDS) --soak $(SOAK) $(if $(DUMP),--dump '$(DUMP)') $(ARGS)

lint: $(VENV)/.installed-dev ## check style, types, insecure code, and known holes in what we run on
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/bandit -q -ll -r app wsgi.py -x ./app/sandbox,app/sandbox 2>/dev/null
	@$(VENV)/bin/pip-audit --progress-spinner off --disable-pip --require-hashes -r requirements.txt >$(VENV)/audit 2>&1 \
		|| { cat $(VENV)/audit; exit 1; }

pins: ## write requirements*.txt anew from setup.cfg: make pins [ARGS="--upgrade"]; wants uv
	@$(PINS) $(ARGS) setup.cfg --extra build -o requirements.txt
	@$(PINS) $(ARGS) setup.cfg --extra build --extra dev --extra bench -c requirements.txt -o requirements-dev.txt

conformance: $(VENV)/.installed-dev ## write docs/conformance.md from the tests' markers
	@$(VENV)/bin/python -m tests.conformance.generate

clean: ## stop this checkout's sandbox, forget its data, remove caches
	@for file in var/mariadb.pid var/*/mariadb.pid; do \
		pid=$$(cat "$$file" 2>/dev/null) || continue; \
		grep -qsF "$(CURDIR)/var/" "/proc/$$pid/cmdline" || continue; \
		kill "$$pid" && for second in $$(seq 30); do kill -0 "$$pid" 2>/dev/null || break; sleep 1; done || true; \
	done
	@rm -rf var build .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis .coverage
	@find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## also remove .venv
	@rm -rf $(VENV) *.egg-info

# --- .venv: made once, installed again when the pins change -----------------------------------------------------

$(VENV)/.installed: requirements.txt setup.cfg pyproject.toml | $(VENV)/bin/pip
	@echo "Installing requirements.txt into $(VENV)"
	@$(VENV)/bin/pip install -q --no-deps --require-hashes -r requirements.txt
	@$(VENV)/bin/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo "Installing requirements-dev.txt into $(VENV)"
	@$(VENV)/bin/pip install -q --no-deps --require-hashes -r requirements-dev.txt
	@touch $@

var/tools/.installed: tests/access/hadolint.txt | $(VENV)/bin/pip
	@$(VENV)/bin/python -m venv var/tools
	@var/tools/bin/pip install -q --require-hashes -r $<
	@touch $@

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		package=$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
		if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
			echo "Python cannot make a virtual environment here: install $$package." >&2; exit 1; \
		fi; \
		echo "Installing $$package"; \
		{ $(APT) update && $(APT) install --no-install-recommends "$$package"; } >/dev/null; \
	}
	@$(PYTHON) -m venv $(VENV)
