"""What the other modules may ask of staff: the clinics, who works in them, and whether somebody may act."""

from clinic.staff.account import AccountService, LinkExpired, WeakPassword, WrongPassword, account_service
from clinic.staff.actors import names_of, people_and_keys
from clinic.staff.admission import email_key
from clinic.staff.clinics import ClinicExists, ClinicFields, ClinicService, InvalidClinic, clinic_service
from clinic.staff.kept_forms import kept_forms
from clinic.staff.keys import InvalidKey, KeyNotFound, is_valid, key_service
from clinic.staff.members import HasLeft, InvalidMember, LastAdministrator, member_service
from clinic.staff.models import ApiKey, Clinic, KeptForm, Membership, SignIn, StaffMember
from clinic.staff.permissions import EVERYTHING, PERMISSIONS, ROLES, granted, permitted
from clinic.staff.sessions import Session, SessionService, session_service
from clinic.staff.sign_in import Caller, TooManyTries, WrongCode, WrongCredentials, sign_in_service
from clinic.staff.trail import AuditEntry, AuditFilters, AuditService, audit_service
from clinic.staff.workers import MemberNotFound, Worker

__all__ = [
    "EVERYTHING",
    "PERMISSIONS",
    "ROLES",
    "AccountService",
    "ApiKey",
    "AuditEntry",
    "AuditFilters",
    "AuditService",
    "Caller",
    "Clinic",
    "ClinicExists",
    "ClinicFields",
    "ClinicService",
    "HasLeft",
    "InvalidClinic",
    "InvalidKey",
    "InvalidMember",
    "KeptForm",
    "KeyNotFound",
    "LastAdministrator",
    "LinkExpired",
    "MemberNotFound",
    "Membership",
    "Session",
    "SessionService",
    "SignIn",
    "StaffMember",
    "TooManyTries",
    "WeakPassword",
    "Worker",
    "WrongCode",
    "WrongCredentials",
    "WrongPassword",
    "account_service",
    "audit_service",
    "clinic_service",
    "email_key",
    "granted",
    "is_valid",
    "kept_forms",
    "key_service",
    "member_service",
    "names_of",
    "people_and_keys",
    "permitted",
    "session_service",
    "sign_in_service",
]
