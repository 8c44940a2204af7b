"""Specs: the YAML files that say which models to serve, and where. No Django in them but the prompt modes."""

from inference.engine.spec.reader import load_spec
from inference.engine.spec.types import AdapterSpec, HostedSpec, HostSpec, ModelSpec, SlurmSpec, Spec

__all__ = ["AdapterSpec", "HostSpec", "HostedSpec", "ModelSpec", "SlurmSpec", "Spec", "load_spec"]
