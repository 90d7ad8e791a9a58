"""Notifications.

Patterns: a `functools.partial` over a function that enqueues (look-alike: one over a function of
the same signature that does not); a direct `put`, whose queue has a name that another queue's name
contains. Look-alike of the build triggers: a lookup over the subclasses of another class.
"""

from functools import partial

from app import notification_queue
from endpoints.api import RepositoryResource, resource
from notifications import describe_event, event_body, spawn_event
from notifications.methods import DeliveryMethod

announce_added = partial(spawn_event, event_name="notification_added")
explain_added = partial(describe_event, event_name="notification_added")


@resource("/v1/repository/<repopath:repository>/notification/")
class RepositoryNotifications(RepositoryResource):
    def get(self, namespace, name):
        return {"meaning": explain_added(f"{namespace}/{name}")}

    def post(self, namespace, name):
        announce_added(f"{namespace}/{name}")
        return {}, 201


@resource("/v1/repository/<repopath:repository>/notification/<uuid>/test")
class RepositoryNotificationTest(RepositoryResource):
    def post(self, namespace, name, uuid):
        body = event_body(f"{namespace}/{name}", "test")
        return {"job": notification_queue.put([namespace, uuid], body)}


@resource("/v1/repository/<repopath:repository>/notification/<service>/preview")
class RepositoryNotificationPreview(RepositoryResource):
    def post(self, namespace, name, service):
        return {"preview": DeliveryMethod.for_service(service).begin(namespace, name)}
