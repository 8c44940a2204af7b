"""The database itself refuses to change a published ranking.

SQLite drops a table's triggers when a later migration rebuilds the table: such a migration must run this again.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

CREATE = {
    "sqlite": [
        """
        CREATE TRIGGER snapshot_immutable BEFORE UPDATE ON ranking_snapshot
        BEGIN SELECT RAISE(ABORT, 'snapshot_immutable'); END
        """
    ],
    "postgresql": [
        """
        CREATE FUNCTION snapshot_immutable() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'snapshot_immutable' USING ERRCODE = 'restrict_violation'; END $$
        """,
        """
        CREATE TRIGGER snapshot_immutable BEFORE UPDATE ON ranking_snapshot
        FOR EACH ROW EXECUTE FUNCTION snapshot_immutable()
        """,
    ],
}
DROP = {
    "sqlite": ["DROP TRIGGER snapshot_immutable"],
    "postgresql": ["DROP TRIGGER snapshot_immutable ON ranking_snapshot", "DROP FUNCTION snapshot_immutable()"],
}


def create(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in CREATE[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def drop(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in DROP[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("ranking", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
