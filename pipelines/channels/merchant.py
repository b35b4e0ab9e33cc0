"""What a merchant says of its house: channels, locations, planning, classes. Here: the shape of those sections. Not here: feeds (mapping.py)."""

import re
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from pipelines.channels.base import EXPEDITED


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
        pl.Series([0]).cast(pl.Datetime("us", name))
    except (KeyError, ValueError, OSError, pl.exceptions.PolarsError) as problem:
        raise ValueError(f"time zone '{name}' is not known; use a name such as Europe/Amsterdam") from problem
    return name


def _strptime(form: str) -> str:
    try:
        pl.Series(["x"]).str.strptime(pl.Datetime("us", "UTC" if "%z" in form else None), form, strict=False)
        is_known = any(f"%{part}" in form for part in "YyDFcsTx")
    except pl.exceptions.PolarsError:
        is_known = False
    if not is_known:
        raise ValueError(f"'{form}' is not a strptime format; write one such as %d.%m.%Y %H:%M:%S")
    return form


def _currency(code: str) -> str:
    if not re.fullmatch("[A-Z]{3}", code):
        raise ValueError(f"'{code}' is not a currency; write its ISO 4217 code, such as EUR")
    return code


TimeZone = Annotated[str, AfterValidator(_zone)]
TimeFormat = Annotated[str, AfterValidator(_strptime)]
Currency = Annotated[str, AfterValidator(_currency)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Channel(Strict):
    """A sales channel: its clock, its currency, where it ships from when nothing else says so; with a `kind` it is fetched
    from its platform, and `connection` says from where (never a secret)."""

    name: str
    kind: str | None = Field(None, description="platform whose API it is fetched from; none where only files are read")
    connection: dict[str, str] = Field({}, description="what the kind asks for; secrets come from the environment")
    since: date | None = Field(None, description="first day to fetch; everything that the platform still has, where it is blank")
    orders_of: str | None = Field(
        None, description="channel whose orders it works for, where it sells nothing itself: a payment provider, a carrier"
    )
    leave_out: tuple[str, ...] = Field((), description="ledger tables that another feed tells better, such as shipments")
    locations: dict[str, str] = Field({}, description="the merchant's name of a place, by the platform's id of it")
    expedited: str = Field(EXPEDITED, description="pattern of the names of fast services")
    ship_within_hours: float | None = Field(
        None, gt=0, lt=10_000, description="promise to leave the building, where the platform gives none"
    )
    deliver_within_days: float | None = Field(
        None, gt=0, lt=1_000, description="promise to arrive, where the platform gives none"
    )
    time_zone: TimeZone = "UTC"
    currency: Currency | None = None
    location: str | None = None
    scorecard: str | None = Field(
        None, description="platform whose scorecard judges it, where that is not its kind: amazon, ebay, or one of [[scorecard]]"
    )
    backorders: bool = Field(False, description="it goes on selling when the shelf is empty, so that sales are demand")


class Location(Strict):
    """When a location ships, for orders that no channel gives a promise: what is ordered by the cut-off of a working day leaves on it."""

    name: str
    time_zone: TimeZone = "UTC"
    cutoff: time = time(15)
    closes: time = time(18)
    handling_days: int = Field(0, ge=0, le=30, description="further working days until it leaves")
    working_days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = Field(
        ("mon", "tue", "wed", "thu", "fri"), min_length=1
    )
    country: str | None = Field(None, description="ISO code of the country whose public holidays it keeps")
    subdivision: str | None = Field(None, description="state or province, where holidays differ")
    closed_days: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _is_a_known_country(self) -> "Location":
        from holidays import list_supported_countries

        known = list_supported_countries()
        if self.country and self.country not in known:
            raise ValueError(
                f"no holidays are known of '{self.country}'; write the ISO code, such as NL, or leave it out and list closed_days"
            )
        if self.country and self.subdivision and self.subdivision not in known[self.country]:
            raise ValueError(f"'{self.subdivision}' is none of {self.country}'s; it has {', '.join(known[self.country])}")
        return self


class Scorecard(Strict):
    """One component of a marketplace's scorecard that Fulcast does not know of itself; judges channels whose `scorecard` is its platform."""

    name: str = Field(description="what the marketplace calls it")
    platform: str
    meaning: str
    counts: Literal["late", "cancelled", "untracked", "undelivered"] | None = Field(
        None,
        description="what hurts it: orders late to ship, cancelled by the seller, parcels without tracking, units not delivered in time",
    )
    window_days: int = Field(gt=0, le=365)
    bound_rate: float = Field(gt=0, lt=1)
    is_floor: bool = Field(False, description="the rate must not fall below the bound, such as valid tracking")
    lag_days: int = Field(0, ge=0, le=60, description="days before today at which the window ends")
    young_days: int = Field(2, ge=0, le=60, description="youngest days, whose orders can still turn bad")


AimName = Literal["cost", "cycle_service_level", "unit_fill_rate"]


class CategoryCosts(Strict):
    """What holding and missing a unit costs in one category, where that differs."""

    name: str = Field(description="the products' category")
    holding_rate: float | None = Field(None, ge=0, description="cost of holding stock for a year ÷ its value")
    shortage_rate: float | None = Field(None, ge=0, description="cost of a missing unit ÷ its margin")


class ServiceClass(Strict):
    """What products of one class aim at; the first class that a product falls into counts."""

    abc: Literal["A", "B", "C"] | None = None
    xyz: Literal["X", "Y", "Z"] | None = None
    aim: AimName
    target_rate: float | None = Field(None, gt=0, lt=1, description="blank: as the merchant's usual one")


class Planning(Strict):
    """Defaults of planning; each one that is used in place of a figure of the merchant's own is named on the row."""

    aim: AimName = Field(
        "cycle_service_level", description="what levels are set by: a service that is asked for, or what they cost"
    )
    cycle_service_level: float = Field(0.95, gt=0, lt=1)
    unit_fill_rate: float = Field(0.98, gt=0, lt=1)
    service_of: Literal["each", "class"] = Field(
        "each", description="who reaches a service: each SKU, or all of one aim and target together at the least stock value"
    )
    review_period_days: float = Field(7, gt=0, le=365)
    lead_time_days: float = Field(14, gt=0, le=365)
    lead_time_std_days: float = Field(3, ge=0, le=365)
    holding_rate: float = Field(0.2, ge=0, description="cost of holding stock for a year ÷ its value")
    shortage_rate: float = Field(1, ge=0, description="cost of a missing unit ÷ its margin: 1 where only the sale is lost")
    margin_rate: float = Field(0.5, gt=0, description="margin ÷ cost where no price is above the cost")
    salvage_rate: float = Field(0, ge=0, le=1, description="what a unit left over at a product's end still brings ÷ its cost")
    order_line_amount: float = Field(0, ge=0, description="what placing one line of an order costs, reporting currency")
    budget_amount: float | None = Field(None, gt=0, description="most that stock may bind on average, reporting currency")
    category: tuple[CategoryCosts, ...] = ()
    service_class: tuple[ServiceClass, ...] = ()
    offer_buffer_units: int = Field(1, ge=0)
    transfer_line_amount: float = Field(0, ge=0, description="what moving a SKU between two locations costs, reporting currency")
    transfer_unit_amount: float = Field(0, ge=0, description="and each unit of it")
    unmatched_after_days: float = Field(
        7, gt=0, description="how long a decision may be on no purchase order before a person is told"
    )
    horizon_weeks: int = Field(13, ge=4, le=52)


class History(Strict):
    """Layers of the demand history that the forecast is made with; all are made and shown whatever is set here."""

    outliers: bool = Field(True, description="days that one bulk order made are taken back to the usual")
    promotions: bool = Field(
        True, description="what promotions sold beyond the usual is taken away, and added where one is planned"
    )
    lost_demand: bool = Field(True, description="what was not sold for lack of stock is estimated; else it stays unknown")
    returns: bool = Field(False, description="what came back is taken away from the day on which it was ordered")


class Classes(Strict):
    """How products are classed."""

    abc_by: Literal["net_sales", "margin"] = "net_sales"
    abc_bounds: tuple[float, float] = (0.80, 0.95)
    xyz_bounds: tuple[float, float] = (0.5, 1.0)


class Merchant(Strict):
    """Whose record this is."""

    name: str
    reporting_currency: Currency = "EUR"
    home: str = Field("data", description="folder of landing, warehouse, snapshots and exports")
    input: str = Field(".", description="folder that the feeds' `files` are relative to")
    as_of: str | None = Field(
        None, description="'data' judges by the newest order in the record, for histories that ended; else now"
    )
    default_location: str = "main"
    calendar: Literal["ISO", "NRF"] = Field("ISO", description="weeks of reports: ISO's, or NRF's 4-5-4")
    country: str | None = Field(None, description="ISO code of the country whose movable feasts count")
    approval_cap_amount: Decimal | None = Field(None, gt=0)
    keep_deliveries_days: int | None = Field(
        None,
        ge=1,
        description="days after which platforms' deliveries leave landing, once every stream was asked since; none keeps them",
    )
