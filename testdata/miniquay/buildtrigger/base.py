"""Base class of the build triggers.

Pattern: the handler class is found by walking `__subclasses__()` and comparing a class attribute.
Look-alike: `describe`, called on a handler that was found in the same way.
"""


class TriggerHandler:
    service = None

    @classmethod
    def for_service(cls, service):
        for candidate in cls.__subclasses__():
            if candidate.service == service:
                return candidate()
        raise LookupError(service)

    def begin(self, namespace, name):
        raise NotImplementedError

    def describe(self):
        return {"service": self.service}
