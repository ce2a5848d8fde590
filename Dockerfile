# The stack, the package and the command `mmremax`, for CUDA.
# Not built yet: where this was written there was no Docker.
#
#     docker build -t mmremax .
#     docker run --rm --gpus all --shm-size 8g -v "$PWD":/work \
#         --user "$(id -u):$(id -g)" -e HOME=/tmp \
#         mmremax predict photo.jpg CONFIG CHECKPOINT
#
# PyPI's torch 2.13.0 is built for CUDA 13.0, and so is the compiler here.

FROM nvidia/cuda:13.0.2-devel-ubuntu24.04 AS build
ENV DEBIAN_FRONTEND=noninteractive PIP_NO_CACHE_DIR=1
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && python3 -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /source
COPY requirements.txt .
COPY requirements requirements
RUN pip install -r requirements/build.txt
# The GPUs that mmcv's operators are compiled for: A100, RTX 30 and 40, H100.
ARG TORCH_CUDA_ARCH_LIST="8.0 8.6 8.9 9.0+PTX"
RUN FORCE_CUDA=1 pip install --no-build-isolation -r requirements.txt
RUN pip install -r requirements/onnx.txt -r requirements/export.txt \
    -r requirements/serve.txt -r requirements/hub.txt \
    -r requirements/video.txt
COPY . .
RUN pip install --no-build-isolation --no-deps .

# torch's wheels hold the CUDA libraries: only the driver is the host's.
FROM ubuntu:24.04
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libgl1 libglib2.0-0t64 python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 mmremax
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
USER mmremax
WORKDIR /work
ENTRYPOINT ["mmremax"]
CMD ["--help"]
