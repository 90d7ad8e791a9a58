"""Model caches chosen by a configuration string.

Pattern: `retrieve` calls whatever loader it is given; whether that loader enqueues depends on the
object its closure holds, not on this module.
"""


class NoCache:
    def retrieve(self, key, loader):
        return loader()


class DictCache:
    def __init__(self):
        self._values = {}

    def retrieve(self, key, loader):
        if key not in self._values:
            self._values[key] = loader()
        return self._values[key]


class LoggingCache:
    def __init__(self, inner):
        self._inner = inner
        self.keys = []

    def retrieve(self, key, loader):
        self.keys.append(key)
        return self._inner.retrieve(key, loader)


def choose_cache(settings):
    engine = settings.get("MODEL_CACHE", "none")
    if engine == "none":
        return NoCache()
    if engine == "dict":
        return DictCache()
    if engine == "logged":
        return LoggingCache(DictCache())
    raise ValueError(f"unknown model cache: {engine}")
