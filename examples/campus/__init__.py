"""A small real LMS with certificates: `flask --app examples.campus campus serve`.

Its own tables, login, roles, look, languages and error pages. It meets flask-certify in three places: `app.py` installs
it, `host.py` answers its questions, `templates/certify/frame.html` puts its pages into the campus's own frame.
"""

from .app import create_app

__all__ = ["create_app"]
