"""Audit logs behind a proxy.

Pattern: the model is picked from a dict of classes by a configuration string; `queue_logs_export`
is found through `__getattr__`. Look-alike: `lookup_logs` on the very same proxy.
"""

from data.logs_model.models import DocumentLogs, NullLogs, TableLogs
from util.forwarding import Forwarding

_MODELS = {"database": TableLogs, "document": DocumentLogs, "none": NullLogs}


class LogsModelProxy(Forwarding):
    pass


logs_model = LogsModelProxy()


def configure(settings):
    model_class = _MODELS[settings.get("LOGS_MODEL", "database")]
    logs_model.initialize(model_class(**settings.get("LOGS_MODEL_CONFIG", {})))
