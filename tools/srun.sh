#!/usr/bin/env bash
# Shared by slurm_*.sh: starts tools/train.py or tools/test.py under srun.
#   tools/srun.sh train|test PARTITION JOB_NAME [arguments of the tool]
set -euo pipefail

tools="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
mode=$1 partition=$2 job=$3
shift 3
gpus=${GPUS:-8}
per_node=${GPUS_PER_NODE:-8}
if [ "$per_node" -gt "$gpus" ]; then
    per_node=$gpus
fi
resources=()
if [ "$per_node" -gt 0 ]; then
    resources=(--gres "gpu:$per_node" --ntasks-per-node "$per_node")
fi
# shellcheck disable=SC2086  # SRUN_ARGS holds several words
MASTER_PORT=${PORT:-29500} exec srun -p "$partition" --job-name "$job" \
    --ntasks "$gpus" --cpus-per-task "${CPUS_PER_TASK:-5}" \
    --kill-on-bad-exit 1 ${resources[@]+"${resources[@]}"} ${SRUN_ARGS:-} \
    "${PYTHON:-python}" -u "$tools/$mode.py" "$@" --launcher slurm
