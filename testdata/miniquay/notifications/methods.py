"""Ways to deliver a notification, found by name among the subclasses.

Look-alike of the build triggers: the same kind of lookup and the same method name, and no queue.
"""


class DeliveryMethod:
    service = None

    @classmethod
    def for_service(cls, service):
        for candidate in cls.__subclasses__():
            if candidate.service == service:
                return candidate()
        raise LookupError(service)

    def begin(self, namespace, name):
        raise NotImplementedError


class MailDelivery(DeliveryMethod):
    service = "mail"

    def begin(self, namespace, name):
        return f"mail about {namespace}/{name}"


class WebDelivery(DeliveryMethod):
    service = "web"

    def begin(self, namespace, name):
        return f"call about {namespace}/{name}"
