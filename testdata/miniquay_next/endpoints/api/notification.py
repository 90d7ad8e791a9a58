"""Notifications.

Patterns: a function taken from a dict by a key of the request; a direct `put`, whose queue has a name that another queue's name
contains. Look-alike of the build triggers: a lookup over the subclasses of another class.
"""

from functools import partial

from flask import request

from app import notification_queue
from endpoints.api import RepositoryResource, resource
from notifications import describe_event, event_body, spawn_event
from notifications.methods import DeliveryMethod

explain_added = partial(describe_event, event_name="notification_added")

ANNOUNCEMENTS = {"yes": spawn_event, "no": describe_event}


@resource("/v1/repository/<repopath:repository>/notification/")
class RepositoryNotifications(RepositoryResource):
    def get(self, namespace, name):
        return {"meaning": explain_added(f"{namespace}/{name}")}

    def post(self, namespace, name):
        announce = ANNOUNCEMENTS[request.args.get("announce", "yes")]
        announce(f"{namespace}/{name}", "notification_added")
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
