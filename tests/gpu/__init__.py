"""Checks of a device beside the CPU; tools/gpu_check.py runs them all."""
