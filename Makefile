# One set of words for people and CI. `make demo` and `make test` need Python 3.11 or newer, pip and make, nothing else.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo engine test check fmt bench crash leaks fuzz mutants sanitize wheel clean

help:
	@echo 'make demo      the main job on loopback: gateway, mock host, three terminals, and the proof'
	@echo 'make test      the tests (TESTS=tests/codec for some of them)'
	@echo 'make engine    the compiled engine of the codec, and what is shipped as data, built in place'
	@echo 'make check     lint, types, architecture, packaging'
	@echo 'make fmt       format the code'
	@echo 'make bench     codec, commands, gateway, journal, keys and the fixture beside their references'
	@echo 'make crash     the gateway killed again and again under load, then three ledgers compared (KILLS=20)'
	@echo 'make leaks     every flow with cards, PINs and keys that are nobody'"'"'s, then a search for them wherever bytes are left'
	@echo 'make fuzz      broken bytes for every spec and framing (RUNS=200000), some minutes'
	@echo 'make mutants   rules broken on purpose, one by one: the simulation must catch each of them'
	@echo 'make sanitize  the compiled engine under AddressSanitizer, with gcc'
	@echo 'make wheel     sdist and wheel in dist/'
	@echo 'make clean     remove what these made, .venv and every compiled engine too'

demo: $(VENV)/.installed
	@$(BIN)/iso-gateway demo

# All of them in a process for each processor; some of them, as TESTS says, in one. The engine is built again where its
# source has changed. Without a compiler the tests run on the reference, and say so at their head;
# ISO_GATEWAY_ENGINE=compiled makes that an error.
test: $(VENV)/.installed-dev
	@$(BIN)/python hatch_build.py || [ "$$ISO_GATEWAY_ENGINE" != compiled ]
	@$(BIN)/python -m pytest $(or $(TESTS),-n auto --dist worksteal)

engine: $(VENV)/.installed-dev
	@$(BIN)/python hatch_build.py

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py
	$(BIN)/python scripts/check_packaging.py

fmt: $(VENV)/.installed-dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-bench
	@$(BIN)/python hatch_build.py
	$(BIN)/python bench/codec.py
	$(BIN)/python bench/commands.py
	$(BIN)/python bench/gateway.py
	$(BIN)/python bench/store.py
	$(BIN)/python bench/host.py
	$(BIN)/python bench/security.py
	$(BIN)/python bench/fixture.py
	$(BIN)/python bench/hostile.py

KILLS ?= 20
crash: $(VENV)/.installed
	@$(BIN)/python crash/run.py --kills $(KILLS)

leaks: $(VENV)/.installed
	@$(BIN)/python leaks/run.py

RUNS ?= 200000
fuzz: $(VENV)/.installed-fuzz
	@$(BIN)/python hatch_build.py
	$(BIN)/python fuzz/run.py --runs $(RUNS)

mutants: $(VENV)/.installed-dev
	@$(BIN)/python hatch_build.py
	@$(BIN)/python tests/simulation/mutations.py $(RULES)

# In a copy: the engine beside its source is the one that everything else runs on.
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -g -O1
SANITIZED = cd build/sanitize && LD_PRELOAD=$$(cc -print-file-name=libasan.so) ASAN_OPTIONS=detect_leaks=0 \
    PYTHONMALLOC=malloc ISO_GATEWAY_ENGINE=compiled ../../$(BIN)/python
sanitize: $(VENV)/.installed-dev
	rm -rf build/sanitize && mkdir -p build/sanitize
	git ls-files -z | xargs -0 cp --parents --target-directory build/sanitize
	cd build/sanitize && CFLAGS='$(SANITIZERS)' LDFLAGS='$(SANITIZERS)' ../../$(BIN)/python hatch_build.py
	$(SANITIZED) -m pytest tests/codec/test_engine*.py tests/codec/test_tag_alone.py tests/compat tests/test_fixtures.py tests/test_fuzz.py
	$(SANITIZED) fuzz/run.py --runs 10000 --leader hypothesis

wheel: $(VENV)/.installed-dev
	$(BIN)/python -m build --no-isolation --outdir dist .

clean:
	rm -f iso_gateway/codec/_engine.*.so
	rm -rf iso_gateway/catalog/shipped
	rm -rf $(VENV) build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What runs: enough for the demo. Made again only when what is asked for changes.
$(VENV)/.installed: requirements.txt pyproject.toml hatch_build.py | $(BIN)/pip
	@echo 'Setting up $(VENV) ...'
	@$(BIN)/python -m pip install --quiet --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --no-deps --editable .
	@$(BIN)/iso-gateway --version
	@touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	@echo 'Setting up the tools of tests and checks ...'
	@$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	@touch $@

$(VENV)/.installed-bench: requirements-bench.txt $(VENV)/.installed-dev
	@echo 'Setting up the peer of the codec bench ...'
	@$(BIN)/python -m pip install --quiet --requirement requirements-bench.txt
	@touch $@

$(VENV)/.installed-fuzz: requirements-fuzz.txt $(VENV)/.installed-dev
	@$(BIN)/python -m pip install --quiet --requirement requirements-fuzz.txt || echo 'hypothesis it is, then'
	@touch $@

# Where Python came without ensurepip (Debian without python3-venv), its own pip puts one in.
$(BIN)/pip:
	@$(PYTHON) -m venv $(VENV) >/dev/null 2>&1 || { \
	    $(PYTHON) -m venv --clear --without-pip $(VENV) && \
	    $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
