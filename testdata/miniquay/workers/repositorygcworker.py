"""Consumes the markers of deleted repositories."""

from app import repository_gc_queue
from data import model
from workers.queueworker import QueueWorker


class RepositoryGCWorker(QueueWorker):
    def process_queue_item(self, details):
        namespace, _, name = details["marker_id"].partition("+")
        model.repository.purge_repository(namespace, name)


if __name__ == "__main__":
    RepositoryGCWorker(repository_gc_queue).start()
