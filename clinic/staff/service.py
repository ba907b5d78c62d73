"""What the other modules may ask of staff: the clinics, who works in them, and whether somebody may act."""

from clinic.staff.account import AccountService, LinkExpired, WeakPassword, account_service
from clinic.staff.actors import key_names, membership_names, names_of, people_and_keys, staff_names, stranger
from clinic.staff.admission import SECRET_HOURS, email_key, email_problem
from clinic.staff.changes import Change, last_change
from clinic.staff.clinics import ClinicChanged, ClinicExists, ClinicFields, ClinicService, InvalidClinic, clinic_service
from clinic.staff.codes import totp_qr, totp_uri
from clinic.staff.invitations import invitation_service
from clinic.staff.kept_forms import kept_forms
from clinic.staff.keys import InvalidKey, KeyNotFound, is_valid, key_service
from clinic.staff.members import HasLeft, InvalidMember, LastAdministrator, MemberChanged, member_service
from clinic.staff.models import ApiKey, Clinic, KeptForm, Membership, SignIn, StaffMember
from clinic.staff.operators import operator_service
from clinic.staff.outgoing import OutgoingLetter, outgoing_letters
from clinic.staff.permissions import ALL, EVERYTHING, PERMISSIONS, ROLES, granted, permitted, role_label
from clinic.staff.second_step import SecondStepOn, second_step_service
from clinic.staff.seeing import seeing_service
from clinic.staff.sessions import Session, SessionService, session_service
from clinic.staff.sign_in import Caller, TooManyTries, WrongCode, WrongCredentials, WrongPassword, sign_in_service
from clinic.staff.trail import AuditEntry, AuditFilters, AuditService, audit_service
from clinic.staff.workers import MemberNotFound, Worker

__all__ = [
    "ALL",
    "EVERYTHING",
    "PERMISSIONS",
    "ROLES",
    "SECRET_HOURS",
    "AccountService",
    "ApiKey",
    "AuditEntry",
    "AuditFilters",
    "AuditService",
    "Caller",
    "Change",
    "Clinic",
    "ClinicChanged",
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
    "MemberChanged",
    "MemberNotFound",
    "Membership",
    "OutgoingLetter",
    "SecondStepOn",
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
    "email_problem",
    "granted",
    "invitation_service",
    "is_valid",
    "kept_forms",
    "key_names",
    "key_service",
    "last_change",
    "member_service",
    "membership_names",
    "names_of",
    "operator_service",
    "outgoing_letters",
    "people_and_keys",
    "permitted",
    "role_label",
    "second_step_service",
    "seeing_service",
    "session_service",
    "sign_in_service",
    "staff_names",
    "stranger",
    "totp_qr",
    "totp_uri",
]
