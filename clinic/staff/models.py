"""The clinic: the managing organisation to which everything belongs."""

from babel.core import get_global
from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from clinic.core.columns import Identified, Versioned
from clinic.core.database import Base


class Clinic(Identified, Versioned, Base):
    """A clinic, the zone of its clocks, the currency of its prices and the locale of its people."""

    __tablename__ = "clinics"

    name: Mapped[str] = mapped_column(String(200), unique=True)
    zone: Mapped[str] = mapped_column(String(64))
    currency: Mapped[str] = mapped_column(String(3))
    locale: Mapped[str] = mapped_column(String(16))

    @property
    def country(self) -> str | None:
        """The ISO 3166 code of the country in whose zone the clinic's clocks go."""
        country: str | None = get_global("zone_territories").get(self.zone)
        return country

    @property
    def language(self) -> str:
        """The language in which the clinic writes to people who named none."""
        return self.locale.partition("_")[0]
