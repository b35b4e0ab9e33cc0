"""What people decide and know: the outbox, approvals, deliveries, knowledge, exports. Not here: how decisions are calculated."""

from pipelines.operations.approvals import Edit
from pipelines.operations.database import UnfitValue
from pipelines.operations.deliveries import SendOutcome, send
from pipelines.operations.drafts import Draft, Drafts, require_day_to_come
from pipelines.operations.exports import safe_text, write_csv, write_xlsx
from pipelines.operations.files import written_aside
from pipelines.operations.knowledge import Entry, Knowledge
from pipelines.operations.outbox import Batch, Outbox
from pipelines.operations.plans import Difference, difference, read_plan, write_plan
from pipelines.operations.reconcile import ReconcileOutcome, reconcile
from pipelines.operations.states import ApprovalRefused, Refused, State, TransitionRefused, UnknownDecision
from pipelines.operations.suggestions import Kind, Suggestion, SuggestOutcome, paid_each

__all__ = [
    "ApprovalRefused",
    "Batch",
    "Difference",
    "Draft",
    "Drafts",
    "Edit",
    "Entry",
    "Kind",
    "Knowledge",
    "Outbox",
    "ReconcileOutcome",
    "Refused",
    "SendOutcome",
    "State",
    "SuggestOutcome",
    "Suggestion",
    "TransitionRefused",
    "UnfitValue",
    "UnknownDecision",
    "difference",
    "paid_each",
    "read_plan",
    "reconcile",
    "require_day_to_come",
    "safe_text",
    "send",
    "write_csv",
    "write_plan",
    "write_xlsx",
    "written_aside",
]
