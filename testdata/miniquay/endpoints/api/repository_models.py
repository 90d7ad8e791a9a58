"""What the repository resources ask of the data layer: an interface and its one implementation."""

from abc import ABC, abstractmethod

from app import repository_gc_queue
from data import model


class RepositoryActions(ABC):
    @abstractmethod
    def retire(self, namespace, name):
        """Marks the repository for deletion."""

    @abstractmethod
    def forget_jobs(self, namespace, name):
        """Drops the jobs that wait for the repository."""


class MemoryActions(RepositoryActions):
    def retire(self, namespace, name):
        return model.repository.retire_repository(namespace, name, repository_gc_queue)

    def forget_jobs(self, namespace, name):
        return model.repository.forget_pending(namespace, name, repository_gc_queue)


memory_actions = MemoryActions()
