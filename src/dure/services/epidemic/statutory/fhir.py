"""Cases as HL7 FHIR R4 (4.0.1): a Bundle of Patient, Condition, Specimen and Encounter. Pure.

Without `person` a patient is their number, sex and year of birth alone.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from dure.services.epidemic.statutory import classes
from dure.trust.vault import Person

ICD10 = "http://hl7.org/fhir/sid/icd-10"
CODE = "urn:dure:epidemic:case"
_VERIFICATION = {
    "confirmed": "confirmed",
    "probable": "provisional",
    "suspected": "unconfirmed",
    "ruled_out": "refuted",
}
_TERMS = "http://terminology.hl7.org/CodeSystem/"
_SEX = {"m": "male", "f": "female"}
Resource = dict[str, Any]


def bundle(
    cases: Iterable[Mapping[str, Any]], people: Mapping[UUID, Person], at: datetime, *, following: str | None = None
) -> Resource:
    """A collection of the cases' resources as they stand at `at`. `following`: the address of the next page."""
    entries = [
        {"fullUrl": f"urn:uuid:{one['id']}", "resource": one}
        for case in cases
        for one in _resources(case, people.get(case["person_id"]))
    ]
    whole: Resource = {"resourceType": "Bundle", "type": "collection", "timestamp": at.isoformat(), "entry": entries}
    if following is not None:
        whole["link"] = [{"relation": "next", "url": following}]
    return whole if entries else {name: value for name, value in whole.items() if name != "entry"}


def _resources(case: Mapping[str, Any], person: Person | None) -> Iterable[Resource]:
    patient = str(uuid5(NAMESPACE_URL, f"{CODE}:{case['id']}"))
    subject = {"reference": f"urn:uuid:{patient}"}
    yield _patient(case, person, patient)
    yield _condition(case, subject)
    if case["specimen_on"] is not None:
        yield {
            "resourceType": "Specimen",
            "id": _id(case, "specimen"),
            "subject": subject,
            "collection": {"collectedDateTime": _day(case["specimen_on"])},
        }
    if case["admitted_on"] is not None:
        yield _encounter(case, subject)


def _patient(case: Mapping[str, Any], person: Person | None, id_: str) -> Resource:
    found: Resource = {
        "resourceType": "Patient",
        "id": id_,
        "identifier": [{"system": CODE, "value": case["code"] or str(case["id"])}],
    }
    if case["sex"] is not None:
        found["gender"] = _SEX[case["sex"]]
    if case["died_on"] is not None:
        found["deceasedDateTime"] = _day(case["died_on"])
    elif case["outcome"] == "died":
        found["deceasedBoolean"] = True
    if case["district"]:
        found["address"] = [{"country": "KR", "district": case["district"]}]
    if person is None:
        return found
    if person.name:
        found["name"] = [{"text": person.name}]
    if person.birth_date:
        found["birthDate"] = person.birth_date
    if person.phone:
        found["telecom"] = [{"system": "phone", "value": person.phone}]
    if person.address:
        found["address"] = [{"country": "KR", "text": person.address}]
    return found


def _condition(case: Mapping[str, Any], subject: Resource) -> Resource:
    reported: datetime = case["reported_at"]
    disease = classes.named(case["disease"], reported.date())
    code: Resource = {"text": case["disease"] or "-"}
    if disease is not None and disease.icd10:
        code["coding"] = [{"system": ICD10, "code": disease.icd10, "display": disease.en}]
    found: Resource = {
        "resourceType": "Condition",
        "id": str(case["id"]),
        "subject": subject,
        "code": code,
        "verificationStatus": _coded("condition-ver-status", _VERIFICATION[case["status"]]),
        "recordedDate": reported.isoformat(),
    }
    if case["status"] != "ruled_out":  # con-5: what is refuted has no clinical status
        over = case["outcome"] is not None or case["released_on"] is not None
        found["clinicalStatus"] = _coded("condition-clinical", "resolved" if over else "active")
    if case["onset_on"] is not None:
        found["onsetDateTime"] = _day(case["onset_on"])
    if case["released_on"] is not None and case["status"] != "ruled_out":
        found["abatementDateTime"] = _day(case["released_on"])
    return found


def _encounter(case: Mapping[str, Any], subject: Resource) -> Resource:
    ended = case["released_on"] or case["died_on"]
    period = {"start": _day(case["admitted_on"])}
    if ended is not None and ended >= case["admitted_on"]:
        period["end"] = _day(ended)
    found: Resource = {
        "resourceType": "Encounter",
        "id": _id(case, "encounter"),
        "status": "finished" if "end" in period else "in-progress",
        "class": {"system": f"{_TERMS}v3-ActCode", "code": "IMP", "display": "inpatient encounter"},
        "subject": subject,
        "period": period,
    }
    if case["hospital"]:
        found["serviceProvider"] = {"display": case["hospital"]}
    return found


def _coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": _TERMS + system, "code": code}]}


def _id(case: Mapping[str, Any], what: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"{CODE}:{case['id']}:{what}"))


def _day(day: date) -> str:
    return day.isoformat()
