#!/usr/bin/env bash
# Train in NPROC processes on one machine, or on several with NNODES.
#   tools/dist_train.sh CONFIG NPROC [options of tools/train.py]
# Without CUDA the processes talk by gloo and share the cores.
# Variables: PORT (one machine: a free one), NNODES, NODE_RANK, MASTER_ADDR,
# PYTHON (the active environment's, else .venv/bin/python).
exec "$(dirname "${BASH_SOURCE[0]}")/launch.sh" train "$@"
