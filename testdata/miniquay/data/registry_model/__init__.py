"""The registry model the application uses unless a decorator injects another (re-exported here)."""

from data.registry_model.local_model import local_model

registry_model = local_model
