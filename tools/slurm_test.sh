#!/usr/bin/env bash
# Evaluate on a Slurm cluster, one task per GPU (or per CPU process).
#   tools/slurm_test.sh PARTITION JOB_NAME CONFIG CHECKPOINT [options of
#       tools/test.py]
# Variables: GPUS (8), GPUS_PER_NODE (8; 0 for CPUs), CPUS_PER_TASK (5),
# SRUN_ARGS (more options of srun), PORT (29500), PYTHON (python).
set -euo pipefail

if [ $# -lt 4 ]; then
    sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2
    exit 2
fi
exec "$(dirname "${BASH_SOURCE[0]}")/srun.sh" test "$@"
