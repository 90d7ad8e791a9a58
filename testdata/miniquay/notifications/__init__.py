"""Repository notifications.

Pattern: `notification_batch` is a context manager that yields a closure, and the item is put when
the body of the `with` calls it. Look-alike: a caller that enters the context and never calls what
it got.
"""

import json
from contextlib import contextmanager

from app import notification_queue


def event_body(repository, event_name):
    return json.dumps({"event": event_name, "repository": repository})


@contextmanager
def notification_batch():
    with notification_queue.batch_insert() as put:

        def add_event(repository, event_name):
            put([repository, event_name], event_body(repository, event_name))

        yield add_event


def spawn_event(repository, event_name):
    with notification_batch() as add_event:
        add_event(repository, event_name)


def describe_event(repository, event_name):
    return f"{event_name} in {repository}"
