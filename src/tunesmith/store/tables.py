"""The schema: every table, with what its columns mean where the name does not say it.

``seq`` is the row's place in the order of creation; lists are sorted and paged by it. ``id`` is the name
on the wire. Instants end in ``_at`` and are Unix seconds. Where a row belongs to a project, every query
names the project.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)  # fmt: skip
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Seq = BigInteger().with_variant(Integer, "sqlite")
_Json = JSON().with_variant(JSONB, "postgresql")


def _seq() -> Column[int]:
    return Column("seq", _Seq, primary_key=True, autoincrement=True)


def _id() -> Column[str]:
    return Column("id", String(200), nullable=False, unique=True)


def _project() -> Column[str]:
    return Column("project_id", String(64), ForeignKey("projects.id"), nullable=False, index=True)


instance = Table(
    "instance", metadata,
    # One row a fact of the whole installation: organization_id.
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)  # fmt: skip

projects = Table(
    "projects", metadata, _seq(), _id(),
    # Lower-case letters, digits and hyphens: part of tuned models' names.
    Column("name", String(64), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("archived_at", BigInteger),
)  # fmt: skip

members = Table(
    "members", metadata, _seq(), _id(),
    Column("name", String(200), nullable=False),
    # In lower case.
    Column("email", String(320), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger),
)  # fmt: skip

memberships = Table(
    "memberships", metadata,
    Column("project_id", String(64), ForeignKey("projects.id"), primary_key=True),
    Column("member_id", String(64), ForeignKey("members.id"), primary_key=True),
    # owner | member | viewer
    Column("role", String(16), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)  # fmt: skip

keys = Table(
    "keys", metadata, _seq(), _id(), _project(),
    Column("member_id", String(64), ForeignKey("members.id"), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    # SHA-256 of the whole key, hex; the key itself is shown once and kept nowhere.
    Column("hash", String(64), nullable=False, unique=True),
    # Its first and last letters, to recognize it by.
    Column("hint", String(32), nullable=False),
    # What it may do at most; its member's role bounds it too.
    Column("role", String(16), nullable=False),
    # May manage projects, members and keys of the whole installation.
    Column("is_admin", Boolean, nullable=False, server_default=false()),
    Column("created_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("revoked_at", BigInteger),
)  # fmt: skip

audit_log = Table(
    "audit_log", metadata, _seq(), _id(),
    Column("at", BigInteger, nullable=False),
    Column("project_id", String(64), index=True),
    Column("member_id", String(64)),
    Column("key_id", String(64)),
    # Such as job.create, file.delete, key.revoke.
    Column("action", String(64), nullable=False),
    Column("object_id", String(300)),
    Column("request_id", String(64)),
    Column("detail", _Json),
)  # fmt: skip

blobs = Table(
    "blobs", metadata,
    Column("sha256", String(64), primary_key=True),
    Column("num_bytes", BigInteger, nullable=False),
    # When it was last announced or named; −1 while its bytes are being deleted (blob_references.CONDEMNED_AT).
    Column("created_at", BigInteger, nullable=False),
)  # fmt: skip

blob_references = Table(
    "blob_references", metadata, _seq(),
    # file | upload_part | job | model | checkpoint | resume_state | operation
    Column("owner_type", String(16), nullable=False),
    Column("owner_id", String(200), nullable=False),
    # The name of the file within its owner, such as adapter_model.safetensors.
    Column("name", String(300), nullable=False),
    Column("sha256", String(64), ForeignKey("blobs.sha256"), nullable=False, index=True),
    Column("num_bytes", BigInteger, nullable=False),
    UniqueConstraint("owner_type", "owner_id", "name"),
)  # fmt: skip

files = Table(
    "files", metadata, _seq(), _id(), _project(),
    Column("filename", Text, nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("num_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    # uploaded | processed | error
    Column("status", String(16), nullable=False),
    Column("status_details", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, index=True),
    Column("deleted_at", BigInteger),
)  # fmt: skip

file_versions = Table(
    "file_versions", metadata,
    # What a file was made of, for those that an operation made: data.versions.Version, with file ids beside the names.
    Column("file_id", String(64), ForeignKey("files.id"), primary_key=True),
    Column("operation_id", String(64)),
    Column("version", _Json, nullable=False),
)  # fmt: skip

operations = Table(
    "operations", metadata, _seq(), _id(), _project(),
    Column("member_id", String(64)),
    # specs.data_operations: convert, clean, … and its settings.
    Column("kind", String(32), nullable=False),
    Column("settings", _Json, nullable=False),
    # Ids of the files that it reads, in order.
    Column("input_file_ids", _Json, nullable=False),
    # store.operations.State
    Column("state", String(16), nullable=False, index=True),
    # The share that is done, 0 to 1.
    Column("progress", Float, nullable=False, server_default="0"),
    # {name: number} of what was read, written, changed, left out.
    Column("counts", _Json),
    # [{rule, severity, message, hint, …}]: the first of what gave no row, and what was noticed.
    Column("problems", _Json),
    # What it found out besides: the format of a file and why, a guessed mapping, figures.
    Column("result", _Json),
    # Ids of the files that it made.
    Column("output_file_ids", _Json),
    # How many items its list has (found duplicates, personal data …), to be looked at one by one.
    Column("num_items", Integer, nullable=False, server_default="0"),
    # {code, message} once it has failed.
    Column("error", _Json),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    # As of jobs: the fencing token, failures without a word, who holds it, signs of life, backoff.
    Column("attempt", Integer, nullable=False, server_default="0"),
    Column("num_failures", Integer, nullable=False, server_default="0"),
    Column("worker_id", String(100)),
    Column("heartbeats", BigInteger, nullable=False, server_default="0"),
    Column("not_before_at", Float, nullable=False, server_default="0"),
    Index("ix_operations_project_id_seq", "project_id", "seq"),
)  # fmt: skip

uploads = Table(
    "uploads", metadata, _seq(), _id(), _project(),
    Column("filename", Text, nullable=False),
    Column("purpose", String(32), nullable=False),
    Column("num_bytes", BigInteger, nullable=False),
    Column("mime_type", String(200), nullable=False),
    # The file's own expiry, counted from its creation.
    Column("expires_after_seconds", BigInteger),
    # pending | completed | cancelled | expired
    Column("status", String(16), nullable=False),
    Column("file_id", String(64)),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
)  # fmt: skip

upload_parts = Table(
    "upload_parts", metadata, _seq(), _id(),
    Column("upload_id", String(64), ForeignKey("uploads.id"), nullable=False, index=True),
    Column("num_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
)  # fmt: skip

jobs = Table(
    "jobs", metadata, _seq(), _id(), _project(),
    Column("member_id", String(64)),
    # The base model or ft: model that training starts from, and the name that the request used.
    Column("model", String(300), nullable=False),
    Column("requested_model", String(300), nullable=False),
    Column("training_file_id", String(64), nullable=False),
    Column("validation_file_id", String(64)),
    # FineTuneSpec as asked for, file names replaced by file ids.
    Column("spec", _Json, nullable=False),
    # What the request said, as the answer repeats it: method, hyperparameters, integrations.
    Column("request", _Json, nullable=False),
    Column("suffix", String(64)),
    Column("seed", BigInteger, nullable=False),
    Column("metadata", _Json),
    # Setting → {value, reason}; from the first attempt's start, kept by all later ones.
    Column("resolved", _Json),
    # What its memory is estimated from, counted when its files were judged: specs.memory.DataFacts.
    Column("facts", _Json),
    # store.jobs.State
    Column("state", String(24), nullable=False, index=True),
    # Why it waits, in a sentence; null where nothing hinders it.
    Column("waiting_reason", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("finished_at", BigInteger),
    Column("estimated_finish_at", BigInteger),
    Column("trained_tokens", BigInteger),
    Column("step", Integer, nullable=False, server_default="0"),
    Column("total_steps", Integer),
    # {code, message, param} once it has failed.
    Column("error", _Json),
    Column("fine_tuned_model", String(300)),
    Column("result_file_id", String(64)),
    # The fencing token: raised by every claim and by whatever takes the job from its worker.
    Column("attempt", Integer, nullable=False, server_default="0"),
    # Attempts that ended without a word (crash, kill, lost lease).
    Column("num_failures", Integer, nullable=False, server_default="0"),
    # Who holds the job, and how often it has said so; a count that stands still means a dead worker.
    Column("worker_id", String(100)),
    Column("heartbeats", BigInteger, nullable=False, server_default="0"),
    # Not to be claimed before (backoff).
    Column("not_before_at", Float, nullable=False, server_default="0"),
    Index("ix_jobs_project_id_seq", "project_id", "seq"),
)  # fmt: skip

job_events = Table(
    "job_events", metadata, _seq(), _id(),
    Column("job_id", String(64), ForeignKey("jobs.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    # info | warn | error
    Column("level", String(8), nullable=False),
    # message | metrics
    Column("type", String(16), nullable=False),
    Column("message", Text, nullable=False),
    Column("data", _Json),
    # What may happen once in a job's life, such as metrics:12: said again after a resume, it is not doubled.
    Column("once", String(100)),
    UniqueConstraint("job_id", "once"),
    Index("ix_job_events_job_id_seq", "job_id", "seq"),
)  # fmt: skip

job_metrics = Table(
    "job_metrics", metadata,
    # The figures of each step, as numbers, so that a million of them are gathered into points by the database. What
    # was not measured, or is no finite number, is null. Step 0 is the validation before training.
    Column("job_id", String(64), ForeignKey("jobs.id"), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("train_loss", Double),
    Column("train_mean_token_accuracy", Double),
    Column("valid_loss", Double),
    Column("valid_mean_token_accuracy", Double),
    Column("learning_rate", Double),
    Column("grad_norm", Double),
    Column("tokens_per_second", Double),
    # A job's steps lie side by side in the file.
    sqlite_with_rowid=False,
)  # fmt: skip

job_attempts = Table(
    "job_attempts", metadata,
    # One row an attempt that began to train.
    Column("job_id", String(64), ForeignKey("jobs.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    # The step that it went on after; 0 from the beginning.
    Column("first_step", Integer, nullable=False),
    # What equality of bits depends on: train.device.fingerprint.
    Column("fingerprint", _Json, nullable=False),
    # Whether the state that it went on from was saved under the same fingerprint; null from the beginning.
    Column("is_same_machine", Boolean),
    Column("begun_at", BigInteger, nullable=False),
)  # fmt: skip

job_certificates = Table(
    "job_certificates", metadata,
    # What was measured of a job, each promise with its figures; what nobody has looked at yet has no row.
    Column("job_id", String(64), ForeignKey("jobs.id"), primary_key=True),
    # data_accounted | loss_mask | template | adapter_applied | same_tokens
    Column("name", String(32), primary_key=True),
    # passed | failed | not_applicable
    Column("state", String(16), nullable=False),
    Column("sentence", Text, nullable=False),
    # [{name, value, most}]
    Column("figures", _Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)  # fmt: skip

checkpoints = Table(
    "checkpoints", metadata, _seq(), _id(), _project(),
    Column("job_id", String(64), ForeignKey("jobs.id"), nullable=False, index=True),
    # ft:…:ckpt-step-N, what chat calls it.
    Column("name", String(300), nullable=False, unique=True),
    Column("step_number", Integer, nullable=False),
    Column("metrics", _Json, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
    UniqueConstraint("job_id", "step_number"),
)  # fmt: skip

resume_states = Table(
    "resume_states", metadata, _seq(), _id(),
    # What a later attempt goes on from: the training checkpoint and the run's files at that step.
    Column("job_id", String(64), ForeignKey("jobs.id"), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("step_number", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)  # fmt: skip

models = Table(
    "models", metadata, _seq(), _id(), _project(),
    # ft:<base>:<project>:<suffix>:<id>
    Column("name", String(300), nullable=False, unique=True),
    Column("job_id", String(64), ForeignKey("jobs.id"), nullable=False, index=True),
    # The base model whose weights it needs, by catalog name.
    Column("base_model", String(300), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
)  # fmt: skip

checkpoint_permissions = Table(
    "checkpoint_permissions", metadata, _seq(), _id(), _project(),
    Column("checkpoint_name", String(300), nullable=False, index=True),
    Column("granted_project_id", String(64), ForeignKey("projects.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("checkpoint_name", "granted_project_id"),
)  # fmt: skip

stored_chats = Table(
    "stored_chats", metadata, _seq(), _id(), _project(),
    Column("model", String(300), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("metadata", _Json),
    # The messages asked, and the answer's wire JSON. As text: a model may write a zero byte, which jsonb refuses.
    Column("messages", JSON(), nullable=False),
    Column("completion", JSON(), nullable=False),
    Index("ix_stored_chats_project_id_seq", "project_id", "seq"),
)  # fmt: skip

webhook_endpoints = Table(
    "webhook_endpoints", metadata, _seq(), _id(), _project(),
    Column("name", String(200), nullable=False),
    Column("url", Text, nullable=False),
    Column("event_types", _Json, nullable=False),
    # whsec_…, needed whole to sign.
    Column("secret", String(200), nullable=False),
    Column("old_secret", String(200)),
    Column("old_secret_until_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("deleted_at", BigInteger),
)  # fmt: skip

deliveries = Table(
    "deliveries", metadata, _seq(), _id(), _project(),
    # webhook | email
    Column("kind", String(16), nullable=False),
    # A webhook endpoint's id, or a member's.
    Column("target_id", String(64), nullable=False),
    Column("event_type", String(64), nullable=False),
    # The body of a webhook, as it is signed; the facts of an e-mail.
    Column("payload", _Json, nullable=False),
    # pending | delivered | failed
    Column("state", String(16), nullable=False, index=True),
    Column("num_attempts", Integer, nullable=False, server_default="0"),
    Column("next_attempt_at", Float, nullable=False),
    Column("last_error", Text),
    Column("created_at", BigInteger, nullable=False),
)  # fmt: skip

idempotency_keys = Table(
    "idempotency_keys", metadata, _seq(),
    Column("project_id", String(64), ForeignKey("projects.id"), nullable=False),
    Column("key", String(255), nullable=False),
    # SHA-256 of method, path and body, and the id of what was made.
    Column("request_hash", String(64), nullable=False),
    Column("object_id", String(64), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("project_id", "key"),
)  # fmt: skip

workers = Table(
    "workers", metadata,
    Column("id", String(100), primary_key=True),
    Column("host", String(255), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    # Its slots and the machine's memory.
    Column("facts", _Json, nullable=False),
)  # fmt: skip
