# make demo   set up .venv from nothing, build, run the demonstration
# make test   same set-up, then all tests
# make bench  timings into benchmarks/results/
# make dev    in-place build for development (see CONTRIBUTING.md)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := $(shell find csrc cmake python -type f ! -name '*.so' ! -name '*.pyc' ! -name build_info.json) CMakeLists.txt pyproject.toml

.PHONY: demo test bench dev format docs clean

demo: $(VENV)/.built
	$(BIN)/nanochart demo

test: $(VENV)/.built
	$(BIN)/python -m pytest

bench: $(VENV)/.built
	$(BIN)/python benchmarks/run.py

docs: $(VENV)/.built
	$(BIN)/python docs/figures/demo.py

dev: $(VENV)/.installed
	$(BIN)/cmake -S . -B build/dev -G Ninja -DNANOCHART_IN_PLACE=ON \
	  -DCMAKE_MAKE_PROGRAM=$(abspath $(BIN))/ninja -DPython_EXECUTABLE=$(abspath $(BIN))/python \
	  -Dpybind11_DIR=$$($(BIN)/python -m pybind11 --cmakedir)
	$(BIN)/cmake --build build/dev

format: $(VENV)/.installed
	$(BIN)/python -m pip install -q clang-format==20.1.8 ruff==0.13.0
	$(BIN)/clang-format -i $$(find csrc -name '*.cpp' -o -name '*.hpp')
	$(BIN)/ruff format --line-length 100 python tests benchmarks recipes

# torch must be there before nanochart is compiled against it, hence two steps.
$(VENV)/.installed: requirements.txt
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -q -r requirements.txt
	touch $@

$(VENV)/.built: $(VENV)/.installed $(SOURCES)
	$(BIN)/python -m pip install --disable-pip-version-check -q --no-build-isolation --no-deps .
	touch $@

clean:
	rm -rf build demo
