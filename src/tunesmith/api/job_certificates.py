"""The certificates of a job: what was measured, and for what was not, why not. Nothing passes without a figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tunesmith.api.job_figures_wire import CertificateWire, FigureWire
from tunesmith.core.certificates import Certificate, CertificateName, Measured
from tunesmith.store.job_certificates import JobAttempt
from tunesmith.store.jobs import Job, State

# In the order of a job's life, each with when it is measured.
_MEASURED_WHEN: Final[Mapping[CertificateName, str]] = {
    "data_accounted": "The rows are counted when the job's files are judged.",
    "loss_mask": "The tokens are counted when the job's files are judged.",
    "template": "The template is compared when training has ended.",
    "resume_exact": "Each time that training goes on from a saved state, its machine is compared with the one before.",
    "adapter_applied": "It is measured when training has ended, and again before the model's first answer.",
    "same_tokens": "The tokens are compared when training has ended, and again before the model's first answer.",
}
_WHEN_SERVED: Final = frozenset({"adapter_applied", "same_tokens"})


def certificates_of(
    job: Job, measured: Sequence[Certificate], attempts: Sequence[JobAttempt]
) -> Sequence[CertificateWire]:
    known = {certificate.name: certificate for certificate in measured}
    known["resume_exact"] = _resume_exact(job, attempts)
    return [_wire(known.get(name) or _not_measured(job, name)) for name in _MEASURED_WHEN]


def _not_measured(job: Job, name: CertificateName) -> Certificate:
    if not job.state.is_final:
        return Certificate(name, "pending", _MEASURED_WHEN[name])
    if job.state is not State.SUCCEEDED:
        return Certificate(name, "not_applicable", "The job ended before this was measured.")
    if name in _WHEN_SERVED:
        return Certificate(name, "pending", "It is measured when the model is loaded the next time, before it answers.")
    return Certificate(name, "not_applicable", "The job ran before this was measured.")


def _resume_exact(job: Job, attempts: Sequence[JobAttempt]) -> Certificate:
    """A resumed run equals an uninterrupted one bit for bit where the machines' fingerprints agree."""
    if not attempts:
        if job.step > 0 or job.state is State.SUCCEEDED:
            return Certificate("resume_exact", "not_applicable", "The job ran before this was recorded.")
        if job.state.is_final:
            return Certificate("resume_exact", "not_applicable", "The job ended before training began.")
        return Certificate("resume_exact", "pending", _MEASURED_WHEN["resume_exact"])
    resumes = [attempt for attempt in attempts if attempt.first_step > 0]
    if not resumes:
        so_far = "" if job.state.is_final else " so far"
        return Certificate("resume_exact", "not_applicable", f"Training did not go on from a saved state{so_far}.")
    elsewhere = sum(attempt.is_same_machine is not True for attempt in resumes)
    times = "once" if len(resumes) == 1 else f"{len(resumes)} times"
    sentence = (
        f"Training went on from a saved state {times}, {elsewhere} of them on a machine that computes otherwise than the "
        "one that saved it: the result is not promised to be equal to the last bit."
        if elsewhere
        else f"Training went on from a saved state {times}, always under the fingerprint that it was saved under: the "
        "result is that of an uninterrupted run, bit for bit."
    )
    figures = (Measured("resumes", len(resumes)), Measured("resumes_on_another_machine", elsewhere, 0))
    return Certificate("resume_exact", "failed" if elsewhere else "passed", sentence, figures)


def _wire(certificate: Certificate) -> CertificateWire:
    figures = [FigureWire(name=figure.name, value=figure.value, most=figure.most) for figure in certificate.figures]
    return CertificateWire(
        name=certificate.name, state=certificate.state, sentence=certificate.sentence, figures=figures
    )  # fmt: skip
