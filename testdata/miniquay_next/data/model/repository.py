"""Repository deletion.

Pattern: the queue travels through three functions before anything is put on it. Look-alike:
forget_pending takes the same queue and only purges. Pattern: purge_repository calls the clean-up
callbacks; look-alike: rename_repository calls another list, filled with a method of the same name
that enqueues nothing.
"""

from data.model import config
from data.model.marker import schedule_marker


def retire_repository(namespace, name, gc_queue):
    marker_id = f"{namespace}+{name}"
    return _plan_removal(gc_queue, [namespace, name], marker_id)


def _plan_removal(gc_queue, path, marker_id):
    return schedule_marker(gc_queue, path, marker_id)


def forget_pending(namespace, name, gc_queue):
    return gc_queue.delete_namespaced_items(namespace, name)


def purge_repository(namespace, name):
    for callback in config.cleanup_callbacks:
        callback(namespace, name)


def rename_repository(namespace, name):
    for callback in config.rename_callbacks:
        callback(namespace, name)
