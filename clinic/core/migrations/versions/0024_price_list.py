"""Settings of billing, tax rates with their history, and the price list."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tax_rates",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("category", sa.String(length=1), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(category IN ('E', 'O')) = (reason IS NOT NULL)", name=op.f("ck_tax_rates_reason")),
        sa.CheckConstraint("category IN ('S', 'Z', 'E', 'O')", name=op.f("ck_tax_rates_category")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_tax_rates_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rates")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_tax_rates_clinic_id_id")),
        sa.UniqueConstraint("clinic_id", "name", name="uq_tax_rates_name"),
    )
    op.create_table(
        "billing_settings",
        sa.Column("legal_name", sa.String(length=200), nullable=True),
        sa.Column("address", sa.String(length=500), nullable=True),
        sa.Column("phone", sa.String(length=50), nullable=True),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("tax_number", sa.String(length=40), nullable=True),
        sa.Column("iban", sa.String(length=34), nullable=True),
        sa.Column("bic", sa.String(length=11), nullable=True),
        sa.Column("number_pattern", sa.String(length=16), nullable=False),
        sa.Column("payment_days", sa.SmallInteger(), nullable=False),
        sa.Column("prices_include_tax", sa.Boolean(), nullable=False),
        sa.Column("default_tax_rate_id", sa.Uuid(), nullable=True),
        sa.Column("footer", sa.String(length=500), nullable=True),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("payment_days BETWEEN 0 AND 365", name=op.f("ck_billing_settings_payment_days")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "default_tax_rate_id"],
            ["tax_rates.clinic_id", "tax_rates.id"],
            name=op.f("fk_billing_settings_clinic_id_default_tax_rate_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_billing_settings_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_billing_settings")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_billing_settings_clinic_id_id")),
        sa.UniqueConstraint("clinic_id", name="uq_billing_settings_clinic"),
    )
    op.create_table(
        "price_items",
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("tax_rate_id", sa.Uuid(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "tax_rate_id"],
            ["tax_rates.clinic_id", "tax_rates.id"],
            name=op.f("fk_price_items_clinic_id_tax_rate_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_price_items_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_items")),
        sa.UniqueConstraint("clinic_id", "code", name="uq_price_items_code"),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_price_items_clinic_id_id")),
    )
    op.create_table(
        "tax_rate_periods",
        sa.Column("tax_rate_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rate_thousandths", sa.Integer(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("rate_thousandths BETWEEN 1 AND 100000", name=op.f("ck_tax_rate_periods_rate")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "tax_rate_id"],
            ["tax_rates.clinic_id", "tax_rates.id"],
            name=op.f("fk_tax_rate_periods_clinic_id_tax_rate_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_tax_rate_periods_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tax_rate_periods")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_tax_rate_periods_clinic_id_id")),
        sa.UniqueConstraint("clinic_id", "tax_rate_id", "valid_from", name="uq_tax_rate_periods_valid_from"),
    )
    op.create_table(
        "item_prices",
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("concession_name", sa.String(length=40), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_item_prices_price")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "item_id"],
            ["price_items.clinic_id", "price_items.id"],
            name=op.f("fk_item_prices_clinic_id_item_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_item_prices_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_prices")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_item_prices_clinic_id_id")),
        sa.UniqueConstraint("clinic_id", "item_id", "concession_name", "valid_from", name="uq_item_prices_valid_from"),
    )
    op.create_table(
        "service_items",
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "item_id"],
            ["price_items.clinic_id", "price_items.id"],
            name=op.f("fk_service_items_clinic_id_item_id"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "service_id"],
            ["services.clinic_id", "services.id"],
            name=op.f("fk_service_items_clinic_id_service_id"),
        ),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinics.id"], name=op.f("fk_service_items_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_items")),
        sa.UniqueConstraint("clinic_id", "id", name=op.f("uq_service_items_clinic_id_id")),
        sa.UniqueConstraint("clinic_id", "service_id", "item_id", name="uq_service_items_item"),
    )


def downgrade() -> None:
    op.drop_table("service_items")
    op.drop_table("item_prices")
    op.drop_table("tax_rate_periods")
    op.drop_table("price_items")
    op.drop_table("billing_settings")
    op.drop_table("tax_rates")
