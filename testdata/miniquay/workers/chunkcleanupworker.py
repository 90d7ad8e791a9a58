"""Consumes the upload segments that a storage driver left behind."""

from app import chunk_cleanup_queue, storage
from workers.queueworker import QueueWorker


class ChunkCleanupWorker(QueueWorker):
    def process_queue_item(self, details):
        if not storage.exists(details["location"], details["upload_id"]):
            return "gone"
        return "removed"


if __name__ == "__main__":
    ChunkCleanupWorker(chunk_cleanup_queue).start()
