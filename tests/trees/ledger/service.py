import features
from jobs import body
from queues import archive_queue, reminder_queue


def close(entry, queue):
    if features.ARCHIVING:
        queue.put(
            [entry.owner, entry.name],
            body(entry=entry.name, reason="closed"),
        )


def close_all(entries):
    for entry in entries:
        close(entry, archive_queue)


def remind(entry):
    reminder_queue.put([entry.name], body(entry=entry.name))
