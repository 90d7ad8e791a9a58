"""The first registry protocol; the modules with the views come in through `from . import ...`."""

from flask import Blueprint

from endpoints.decorators import no_store

v1_bp = Blueprint("v1", __name__)


@v1_bp.route("/_ping")
@no_store
def ping():
    return "true"


from . import images, index
