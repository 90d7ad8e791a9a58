"""Build triggers, re-exported; importing the handlers makes them known as subclasses."""

from buildtrigger.base import TriggerHandler

from . import handlers
