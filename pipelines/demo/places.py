"""Where customers live: postal codes, towns and tax rates. Not here: who orders what. No street, no person."""

from dataclasses import dataclass

import numpy as np

TAX_BASIS_POINTS = {"NL": 2100, "DE": 1900, "BE": 2100, "FR": 2000, "AT": 2000, "IE": 2300, "GB": 2000}

# country -> (postal code or its beginning, town)
_TOWNS: dict[str, tuple[tuple[str, str], ...]] = {
    "NL": (
        ("1012", "Amsterdam"),
        ("3011", "Rotterdam"),
        ("2511", "Den Haag"),
        ("3511", "Utrecht"),
        ("5611", "Eindhoven"),
        ("9711", "Groningen"),
        ("6211", "Maastricht"),
        ("6511", "Nijmegen"),
        ("8011", "Zwolle"),
        ("4811", "Breda"),
    ),
    "DE": (
        ("10115", "Berlin"),
        ("20095", "Hamburg"),
        ("80331", "München"),
        ("50667", "Köln"),
        ("60311", "Frankfurt"),
        ("70173", "Stuttgart"),
        ("40213", "Düsseldorf"),
        ("04109", "Leipzig"),
        ("44135", "Dortmund"),
        ("28195", "Bremen"),
        ("01067", "Dresden"),
        ("30159", "Hannover"),
        ("90402", "Nürnberg"),
        ("79098", "Freiburg"),
    ),
    "BE": (("1000", "Brussel"), ("2000", "Antwerpen"), ("9000", "Gent"), ("4000", "Liège"), ("8000", "Brugge")),
    "FR": (("75001", "Paris"), ("69001", "Lyon"), ("13001", "Marseille"), ("31000", "Toulouse"), ("59000", "Lille")),
    "AT": (("1010", "Wien"), ("8010", "Graz"), ("4020", "Linz"), ("5020", "Salzburg"), ("6020", "Innsbruck")),
    "IE": (("D02", "Dublin"), ("T12", "Cork"), ("H91", "Galway"), ("V94", "Limerick")),
    "GB": (
        ("B1", "Birmingham"),
        ("SW1A", "London"),
        ("M1", "Manchester"),
        ("LS1", "Leeds"),
        ("EH1", "Edinburgh"),
        ("G1", "Glasgow"),
        ("BS1", "Bristol"),
        ("CF10", "Cardiff"),
        ("L1", "Liverpool"),
        ("NE1", "Newcastle"),
        ("E1", "London"),
        ("N1", "London"),
        ("BT1", "Belfast"),
        ("PL1", "Plymouth"),
    ),
}
# postal code, town, state, sales tax in basis points
_STATES = (
    ("10001", "New York", "NY", 888),
    ("11201", "Brooklyn", "NY", 888),
    ("07102", "Newark", "NJ", 663),
    ("60601", "Chicago", "IL", 1025),
    ("90001", "Los Angeles", "CA", 950),
    ("94103", "San Francisco", "CA", 863),
    ("98101", "Seattle", "WA", 1035),
    ("97201", "Portland", "OR", 0),
    ("77001", "Houston", "TX", 825),
    ("75201", "Dallas", "TX", 825),
    ("33101", "Miami", "FL", 700),
    ("30301", "Atlanta", "GA", 890),
    ("02108", "Boston", "MA", 625),
    ("19102", "Philadelphia", "PA", 800),
    ("80202", "Denver", "CO", 881),
    ("85001", "Phoenix", "AZ", 860),
    ("48201", "Detroit", "MI", 600),
    ("55401", "Minneapolis", "MN", 903),
    ("20001", "Washington", "DC", 600),
    ("37201", "Nashville", "TN", 925),
    ("03101", "Manchester", "NH", 0),
    ("63101", "St. Louis", "MO", 968),
)
_LETTERS = "ABDEFGHJLNPQRSTUWXYZ"
_PER_TOWN = 8


@dataclass(frozen=True)
class Places:
    """One row per postal code; `of_country` gives the first row and the number of rows of a country."""

    country: list[str]
    postal_code: list[str]
    town: list[str]
    state: list[str]
    tax_basis_points: np.ndarray
    of_country: dict[str, tuple[int, int]]


def build_places(rng: np.random.Generator) -> Places:
    """A few postal codes around each town, in the form of the country."""
    rows: list[tuple[str, str, str, str, int]] = []
    of_country: dict[str, tuple[int, int]] = {}
    for country, towns in _TOWNS.items():
        first = len(rows)
        for code, town in towns:
            full = [_postal_code(country, code, rng) for _ in range(_PER_TOWN)]
            rows += [(country, postal, town, "", TAX_BASIS_POINTS[country]) for postal in full]
        of_country[country] = (first, len(rows) - first)
    of_country["US"] = (len(rows), len(_STATES))
    rows += [("US", code, town, state, tax) for code, town, state, tax in _STATES]
    country_of, postal_code, town_of, state, tax = (list(column) for column in zip(*rows, strict=True))
    return Places(country_of, postal_code, town_of, state, np.array(tax, np.int64), of_country)


def _postal_code(country: str, code: str, rng: np.random.Generator) -> str:
    first, second = (_LETTERS[i] for i in rng.integers(0, len(_LETTERS), 2))
    if country == "NL":
        return f"{code} {first}{second}"
    if country == "GB":
        return f"{code} {rng.integers(1, 10)}{first}{second}"
    if country == "IE":
        return f"{code} {first}{rng.integers(1, 10)}{second}{rng.integers(1, 10)}"
    return code
