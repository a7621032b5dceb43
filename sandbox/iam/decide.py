"""May this principal do this: identity, boundary, session and resource policies put together as AWS does.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sandbox.accounts import Principal
from sandbox.iam.identities import Identity, Statements, caller_of
from sandbox.iam.policy import Caller, Effect, Question, evaluate


@dataclass(frozen=True, slots=True)
class Guard:
    """The resource's side of a decision.

    Attributes:
        account_id: The resource's owner.
        policy: Its resource policy; None if it has none.
        is_sole_gate: The resource policy must allow even the owner's own principals (KMS keys, trust
            policies).
    """

    account_id: str
    policy: Statements | None = None
    is_sole_gate: bool = False


def refusal(principal: Principal, identity: Identity, question: Question, guard: Guard) -> str | None:
    """Why AWS would refuse, in its words after "because"; None if it would not. Pure.

    Root of the owner's account is refused only by an explicit deny, or by a sole gate that does not let it
    in.
    """
    caller = caller_of(principal)
    is_own = principal.account_id == guard.account_id
    by_resource = Effect.NOTHING
    if guard.policy is not None:
        by_resource = evaluate([guard.policy], question, caller)
        if by_resource is Effect.DENY:
            return "with an explicit deny in a resource-based policy"
    if principal.kind == "root":
        if by_resource is Effect.ALLOW or (is_own and not guard.is_sole_gate):
            return None
        return _none_allows("resource-based", question.action)
    by_identity = evaluate(identity.granted, question)
    if by_identity is Effect.DENY:
        return "with an explicit deny in an identity-based policy"
    # A resource policy that names the principal itself needs no identity policy in its own account; one
    # that names
    # only the account leaves the decision to the account's identity policies.
    named = is_own and _names_principal(guard, question, caller)
    for kind, bound in (("permissions boundary", identity.boundary), ("session policy", identity.session)):
        if bound is None:
            continue
        effect = evaluate([bound], question)
        if effect is Effect.DENY:
            return f"with an explicit deny in a {kind}"
        if effect is Effect.NOTHING and not named:
            return f"because no {kind} allows the {question.action} action"
    if named:
        return None
    if guard.is_sole_gate and by_resource is not Effect.ALLOW:
        return _none_allows("resource-based", question.action)
    if by_identity is not Effect.ALLOW:
        return _none_allows("identity-based", question.action)
    if not is_own and by_resource is not Effect.ALLOW:
        return _none_allows("resource-based", question.action)
    return None


def service_may(policy: Statements | None, question: Question, service: str) -> bool:
    """True if a resource policy lets an AWS service act on the resource. Pure."""
    return policy is not None and evaluate([policy], question, Caller(service=service)) is Effect.ALLOW


def _names_principal(guard: Guard, question: Question, caller: Caller) -> bool:
    if guard.policy is None:
        return False
    return evaluate([guard.policy], question, replace(caller, account_id="")) is Effect.ALLOW


def _none_allows(kind: str, action: str) -> str:
    return f"because no {kind} policy allows the {action} action"
