"""Numbers that are never called, or only where the settings name them: emergency services, satellites, fraud. Pure."""

from collections.abc import Collection

import phonenumbers
from phonenumbers import PhoneNumber, shortnumberinfo

from obzvon.common.i18n import Message, say

#: Mobile networks and switchboards of most countries lead them to the emergency services.
_EMERGENCY_EVERYWHERE = frozenset({"112", "911"})
#: Fire brigade, police, ambulance and gas in Russia and its neighbours.
_SHORT_EMERGENCY = frozenset({"01", "02", "03", "04"})
#: The same from mobile telephones; many offices have extensions of these numbers.
LISTED_ONLY = frozenset({"101", "102", "103", "104"})
_LONGEST = 6

#: Calling codes of no country: satellites, international networks, premium rate. A minute costs up to ten euros.
_NETWORKS = frozenset({870, 878, 881, 882, 883, 979})
#: Small countries and islands to which calls are expensive and hardly ever meant, which is why frauds lead them there.
_FRAUD_COUNTRIES = (
    "AC AG AI AS BB BI BM BS CF CK CU DJ DM DO ER FK FM GD GM GN GW GY HT IO JM KI KM KN KP KY LC LR "
    "MG MH MP MS MV NR NU PG PW SB SH SL SO SR ST SX TC TD TK TL TO TT TV VC VG VU WF WS ZW"
)
_FRAUD = frozenset(_FRAUD_COUNTRIES.split())


#: Those that a pattern of internal numbers may match without meaning them.
KNOWN_EMERGENCY = tuple(sorted(_EMERGENCY_EVERYWHERE | _SHORT_EMERGENCY | LISTED_ONLY | {"110", "115", "119", "999"}))


def is_emergency(number: str, region: str) -> bool:
    """Return whether a number, as it is dialled, is one of the emergency services'."""
    if len(number) > _LONGEST:
        return False
    return (
        number in _EMERGENCY_EVERYWHERE
        or number in _SHORT_EMERGENCY
        or (number in LISTED_ONLY and bool(shortnumberinfo.is_emergency_number("101", region)))
        or bool(shortnumberinfo.is_emergency_number(number, region))
    )


def emergency_reason(number: str) -> Message:
    """Return why an emergency number is not called."""
    if number in LISTED_ONLY:
        return say(
            "{number} is an emergency number; if it is an extension of your own, `internal` in [Numbers] has to name "
            "it itself, for example {number}|[2-7][0-9]{{2}}",
            number=number,
        )
    return say("{number} is an emergency number, which is never called", number=number)


def abroad_reason(number: PhoneNumber, allowed: bool | Collection[str]) -> Message | None:
    """Return why a valid number of another country is not called; None if it may be.

    `allowed` has the countries by their two letters or their calling codes, such as KZ or +881; True = all, which
    leaves out those that only a fraud or a slip would call.
    """
    country = phonenumbers.region_code_for_number(number)
    if allowed is True:
        if number.country_code in _NETWORKS:
            return say(
                "a number of a satellite or of an international network, +{code}; such calls are very expensive, and "
                "`foreign` in [Numbers] has to name +{code}",
                code=number.country_code,
            )
        if country in _FRAUD:
            return say(
                "a number of a country to which frauds lead calls, {country}; `foreign` in [Numbers] has to name "
                "{country}",
                country=country,
            )
        return None
    if not allowed:
        return say("a foreign number; such numbers are not allowed")
    if country in allowed or f"+{number.country_code}" in allowed:
        return None
    return say(
        "a number of another country, {country}, which `foreign` in [Numbers] does not name",
        country=country if country and country != "001" else f"+{number.country_code}",
    )
