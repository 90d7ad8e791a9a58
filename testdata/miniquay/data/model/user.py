"""Namespaces.

Pattern: retire_namespace purges a list of queues and puts on one other. Look-alike: every queue of
that list, repository_gc_queue among them, is reached by the same request and gets no item.
"""

from data.model.marker import schedule_marker


def address_of(username):
    return f"{username}@example.com"


def retire_namespace(username, queues, namespace_gc_queue):
    for queue in queues:
        queue.delete_namespaced_items(username)
    return schedule_marker(namespace_gc_queue, [username], username)
