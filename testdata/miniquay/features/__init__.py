"""Feature flags as module attributes, filled from the FEATURE_* settings when the app starts.

Pattern: `features.NAME` exists only after import_features has run; nothing here assigns it by name.
"""

_FLAGS = {}


class FeatureNameValue:
    def __init__(self, name, value):
        self.name = name
        self.value = value

    def __repr__(self):
        return f"<feature {self.name}: {self.value!r}>"

    def __bool__(self):
        if isinstance(self.value, str):
            return self.value.strip().lower() in ("1", "on", "true", "yes")
        return bool(self.value)


def import_features(settings):
    for key, value in settings.items():
        if not key.startswith("FEATURE_"):
            continue
        name = key[len("FEATURE_") :]
        globals()[name] = FeatureNameValue(name, value)
        _FLAGS[name] = globals()[name]


def active_features():
    return sorted(name for name, flag in _FLAGS.items() if flag)
