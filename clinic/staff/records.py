"""How people speak of clinics, staff and keys, where it is told what was done with them."""

from clinic.core.modules import RecordKind
from clinic.staff.pages.clinic import LABELS as SETTINGS
from clinic.staff.pages.keys import SCOPES
from clinic.staff.service import PERMISSIONS, key_names, membership_names, role_label, staff_names

KINDS = {
    "clinics": RecordKind(
        "the clinic’s settings",
        "clinics",
        labels={**SETTINGS, "zone": "Time zone", "currency": "Currency"},
        acts={"created": "Set up the clinic"},
        endpoint="staff.clinic",
    ),
    "staff_members": RecordKind(
        "an account",
        "accounts",
        labels={
            "email": "E-mail address",
            "password_hash": "Password",
            "password_expires_at": "Password expires",
            "must_change_password": "Has to change the password",
            "totp_on": "Second step",
            "totp_secret": "Key of the second step",
            "shortcuts": "Keyboard shortcuts",
            "role": "Role",
        },
        ways={"role": role_label},
        acts={"created": "Opened an account"},
        names=staff_names,
    ),
    "memberships": RecordKind(
        "a staff member",
        "staff members",
        labels={"name": "Name", "role": "Role", "denied": "Denied", "active": "Works here", "member_id": "Account"},
        ways={"role": role_label, "denied": PERMISSIONS.get},
        refers={"member_id": "staff_members"},
        endpoint="staff.member",
        argument="membership_id",
        names=membership_names,
    ),
    "api_keys": RecordKind(
        "an API key",
        "API keys",
        labels={
            "label": "What for",
            "beginning": "Begins with",
            "key_hash": "Key",
            "scopes": "What it may do",
            "created_at": "Made",
            "expires_at": "Expires",
            "revoked_at": "Revoked",
        },
        ways={"scopes": SCOPES.get},
        acts={"created": "Made an API key"},
        names=key_names,
    ),
    "audit_entries": RecordKind(
        "the audit trail",
        "entries of the audit trail",
        acts={"exported": "Exported the audit trail"},
    ),
}
