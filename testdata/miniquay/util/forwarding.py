"""Base of the proxies: every unknown attribute is looked up on a model that is chosen later.

Pattern: several proxies share this `__getattr__`; what a name means depends on which proxy is
asked.
"""


class Forwarding:
    def __init__(self):
        self._model = None

    def initialize(self, model):
        self._model = model

    def __getattr__(self, name):
        if self._model is None:
            raise AttributeError(f"{type(self).__name__} has no model yet")
        return getattr(self._model, name)
