"""Labels of clinics, accounts, staff members and API keys in the audit trail."""

from clinic.core.modules import RecordLabels
from clinic.identity.actor_names import key_names, membership_names, staff_names
from clinic.identity.roles import permission_label, role_label
from clinic.staff.pages.clinic import FORMATTERS
from clinic.staff.pages.clinic import LABELS as SETTINGS
from clinic.staff.pages.keys import scope_label

AUDIT_LABELS = {
    "clinics": RecordLabels(
        "the clinic’s settings",
        "clinics",
        labels={**SETTINGS, "zone": "Time zone", "currency": "Currency"},
        formatters=FORMATTERS,
        action_labels={"created": "Set up the clinic"},
        endpoint="staff.clinic",
    ),
    "staff_members": RecordLabels(
        "an account",
        "accounts",
        labels={
            "email": "Email",
            "password_hash": "Password",
            "password_expires_at": "Password expires",
            "must_change_password": "Must change password",
            "totp_on": "Two-step verification",
            "totp_secret": "Two-step verification key",
            "shortcuts": "Keyboard shortcuts",
            "role": "Role",
        },
        formatters={"role": role_label},
        action_labels={"created": "Created an account"},
        names=staff_names,
    ),
    "memberships": RecordLabels(
        "a staff member",
        "staff members",
        labels={
            "name": "Name",
            "role": "Role",
            "denied": "Removed permissions",
            "active": "Active",
            "member_id": "Account",
        },
        formatters={"role": role_label, "denied": permission_label},
        references={"member_id": "staff_members"},
        endpoint="staff.member",
        argument="membership_id",
        names=membership_names,
    ),
    "api_keys": RecordLabels(
        "an API key",
        "API keys",
        labels={
            "label": "Name",
            "beginning": "Starts with",
            "key_hash": "Key",
            "scopes": "Scopes",
            "created_at": "Created",
            "expires_at": "Expires",
            "revoked_at": "Revoked",
        },
        formatters={"scopes": scope_label},
        action_labels={"created": "Created an API key"},
        names=key_names,
    ),
}
