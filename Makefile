# make demo   install, then both main jobs on bundled data        make test   lint, types, layers, tests
# make bench  time and peak memory beside peers                   make clean  remove what these made
ROOT := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
ifneq ($(CURDIR),$(ROOT))
# started from elsewhere with -f: do the same in the project's folder
.PHONY: demo test lint bench clean
demo test lint bench clean:
	@$(MAKE) --no-print-directory -C "$(ROOT)" $@
else

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WHEELS := .wheel
SOURCES := $(shell find graphformers kernels molecules physics -type f -not -name '*.pyc')
# Where shapes and types are checked at every call; run-time checks and torch.compile exclude each other.
SHAPE_CHECKED := tests/kernels tests/graphformers/layers tests/graphformers/encodings \
	tests/graphformers/models tests/graphformers/tasks tests/graphformers/graphs tests/molecules \
	tests/physics/models \
	--ignore tests/graphformers/graphs/test_predictor.py --ignore tests/graphformers/graphs/test_cli.py \
	--ignore tests/molecules/test_predictor.py --ignore tests/molecules/test_cli.py

.PHONY: demo test lint bench clean
.DEFAULT_GOAL := demo

demo: $(VENV)/installed
	$(BIN)/graphformers demo --out runs/demo

test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest tests -n 2 --dist loadfile
	OMP_NUM_THREADS=1 $(BIN)/pytest $(SHAPE_CHECKED) -n 2 --dist loadfile -q -m "not slow" \
		-k "not compile and not export" --jaxtyping-packages=graphformers,beartype.beartype

lint: $(VENV)/tested
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	cd $(VENV) && bin/lint-imports --config ../pyproject.toml --no-cache

bench: $(VENV)/tested
	$(BIN)/graphformers bench --json runs/bench.json --plot runs/bench.png

clean:
	rm -rf $(VENV) $(WHEELS) build *.egg-info runs/demo .pytest_cache .ruff_cache .hypothesis

$(VENV)/python: constraints.txt
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 10) and 'Python 3.10 or newer is needed')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r constraints.txt
	touch $@

$(WHEELS)/built: $(VENV)/python $(SOURCES) pyproject.toml LICENSE NOTICE README.md
	rm -rf build $(WHEELS)
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir $(WHEELS) .
	rm -rf build *.egg-info
	touch $@

$(VENV)/installed: $(WHEELS)/built
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt $(WHEELS)/*.whl
	$(BIN)/pip install --quiet --disable-pip-version-check --force-reinstall --no-deps $(WHEELS)/*.whl
	touch $@

$(VENV)/tested: $(VENV)/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt "$$(ls $(WHEELS)/*.whl)[test]"
	touch $@

endif
