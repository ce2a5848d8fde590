# make setup       the environment in .venv (first time: mmcv compiles)
# make quickstart  set-up, synthetic data, training, scores and pictures
# make demo        set-up, a trained model on ten pictures of nuclei
# make test        set-up and the default test suite
# make docs        the documentation as a site, in work_dirs/site
# make doctor      what is installed, what is broken, the remedy
# make lint        ruff and codespell        make clean   removes caches

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check install
OUT ?= work_dirs/quickstart

# A step is done when its stamp is there. The stamp's name holds a checksum of
# what the step installs: an edited pin runs the step again, and nothing else.
EXTRAS := onnx openvino export serve hub video
REQUIREMENTS := requirements/build.txt requirements.txt \
    requirements/panopticapi.txt requirements/dev.txt \
    $(EXTRAS:%=requirements/%.txt)
key = $(shell cat $(1) | cksum | cut -d' ' -f1)
STACK := $(VENV)/.stack-$(call key,$(REQUIREMENTS))
PACKAGE := $(VENV)/.package-$(call key,$(REQUIREMENTS) setup.py)

DOCS := .venv-docs
SITE_STACK := $(DOCS)/.stack-$(call key,requirements/docs.txt)

.PHONY: setup quickstart demo test docs doctor lint clean
.DELETE_ON_ERROR:

setup: $(PACKAGE)

$(PY):
	@command -v $(PYTHON) >/dev/null || { echo 'No $(PYTHON) on the path:' \
	    'say which Python 3.10-3.12 to use, as in' \
	    '`make $(MAKECMDGOALS) PYTHON=python3.11`.'; exit 1; }
	@$(PYTHON) tools/doctor.py --host
	$(PYTHON) -m venv $(VENV)

$(STACK): | $(PY)
	@rm -f $(VENV)/.stack-*
	$(PIP) -r requirements/build.txt
	@echo 'Compiling mmcv where no wheel of it is cached: about 8 minutes' \
	    'on 2 cores, without output.'
	$(PIP) --no-build-isolation -r requirements.txt
	$(PIP) --no-deps -r requirements/panopticapi.txt
	$(PIP) -r requirements/dev.txt
	@touch $@

$(PACKAGE): $(STACK)
	@rm -f $(VENV)/.package-*
	$(PIP) --no-build-isolation --no-deps -e .
	$(PY) tools/doctor.py
	@touch $@

quickstart: setup
	$(PY) tools/quickstart.py --out $(OUT)

demo: setup
	$(PY) tools/analysis/show_predictions.py demo/nuclei/model.safetensors \
	    --data-root demo/nuclei/sample --num 10 --outlines \
	    --out work_dirs/demo

test: setup
	$(PY) -m pytest -n auto --maxprocesses 8 --dist worksteal

$(SITE_STACK):
	$(PYTHON) -m venv --clear $(DOCS)
	$(DOCS)/bin/python -m pip --disable-pip-version-check install \
	    -r requirements/docs.txt
	@touch $@

docs: $(SITE_STACK)
	$(DOCS)/bin/python tools/build_docs.py
	@echo 'Open work_dirs/site/index.html. Its search needs a server:' \
	    'python3 -m http.server --directory work_dirs/site'

doctor:
	@if [ -x $(PY) ]; then $(PY) tools/doctor.py; \
	    else $(PYTHON) tools/doctor.py; fi

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/codespell

clean:
	rm -rf .pytest_cache .ruff_cache build *.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune \
	    -exec rm -rf {} +
