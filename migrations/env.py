"""Run by Alembic on a connection that `flask_certify.core.schema` hands over, in its transaction.

No logging is configured here: `fileConfig` would silence the loggers of the host.
"""

from alembic import context

import flask_certify.achievements.models
import flask_certify.awards.models
import flask_certify.core.audit
import flask_certify.core.outbox
import flask_certify.core.storage
import flask_certify.credentials.models
import flask_certify.documents.models
import flask_certify.issuing.models
import flask_certify.notifications.models
import flask_certify.telemetry.models  # noqa: F401  each brings its tables
from flask_certify.core.db import metadata
from flask_certify.core.schema import VERSION_TABLE

connection = context.config.attributes["connection"]


def ours(name: str | None, type_: str, parents: object) -> bool:
    return type_ != "table" or name in metadata.tables


context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    include_name=ours,
    compare_type=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
with context.begin_transaction():
    context.run_migrations()
