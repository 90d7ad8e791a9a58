"""Entry module of the scanner callbacks; registers nothing under MAINTENANCE_MODE."""

from app import app as application
from endpoints.secscan import secscan

if not application.config["MAINTENANCE_MODE"]:
    application.register_blueprint(secscan, url_prefix="/secscan")
