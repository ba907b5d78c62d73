"""The database: the base class of models, and Flask-SQLAlchemy with this project's session and engine."""

from typing import Any, ClassVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, MetaData
from sqlalchemy.orm import DeclarativeBase

from clinic.core.db.engine import configure_engine
from clinic.core.db.orm_session import ClinicSession


class Base(DeclarativeBase):
    """The base class of every model; constraints are named by convention, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

    __audited__: ClassVar[bool] = True
    """Whether changes of rows are recorded in the audit trail."""


class Database(SQLAlchemy):
    """Flask-SQLAlchemy with this project's session and engine settings."""

    def _make_engine(self, bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        engine = super()._make_engine(bind_key, options, app)
        configure_engine(engine, app)
        return engine


db = Database(
    metadata=Base.metadata,
    disable_autonaming=True,
    session_options={"class_": ClinicSession, "expire_on_commit": False},
)


def force_custom_plans() -> None:
    """Plan each statement for its own parameters until the transaction ends (on PostgreSQL).

    A generic plan, which PostgreSQL may choose for a statement that was prepared, suits no search by prefix.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.connection().exec_driver_sql("SET LOCAL plan_cache_mode = force_custom_plan")
