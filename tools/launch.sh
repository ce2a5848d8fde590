#!/usr/bin/env bash
# Shared by dist_*.sh: starts tools/train.py or tools/test.py under torchrun.
#   tools/launch.sh train CONFIG NPROC [options]
#   tools/launch.sh test CONFIG CHECKPOINT NPROC [options]
set -euo pipefail

tools="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
mode=$1
shift
positional=1
[ "$mode" = test ] && positional=2
if [ $# -le $positional ]; then
    sed -n '2,/^exec/{/^#/s/^# \{0,1\}//p}' "$tools/dist_$mode.sh" >&2
    exit 2
fi
files=("${@:1:positional}")
nproc=${*:positional+1:1}
options=("${@:positional+2}")
case $nproc in
'' | *[!0-9]*)
    echo "NPROC must be a number of processes, not '$nproc'." >&2
    exit 2
    ;;
esac

# The active environment, else the one that `make setup` made.
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python
    if [ -z "${VIRTUAL_ENV:-}${CONDA_PREFIX:-}" ] &&
        [ -x "$tools/../.venv/bin/python" ]; then
        PYTHON="$tools/../.venv/bin/python"
    fi
fi

if [ "${NNODES:-1}" = 1 ] && [ "${PORT:-0}" = 0 ]; then
    rendezvous=(--standalone)
else
    rendezvous=(
        --nnodes "${NNODES:-1}" --node-rank "${NODE_RANK:-0}"
        --master-addr "${MASTER_ADDR:-127.0.0.1}"
        --master-port "${PORT:-29500}"
    )
fi
exec "$PYTHON" -m torch.distributed.run "${rendezvous[@]}" \
    --nproc-per-node "$nproc" "$tools/$mode.py" "${files[@]}" \
    --launcher pytorch ${options[@]+"${options[@]}"}
