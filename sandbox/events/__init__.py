"""Events that arrive: EventBridge rules reach their targets, schedules can be fired, S3 tells whom it should.

`delivery` is the one way in which an AWS service sends something to a function, topic, queue or other
target: in a thread, with the permission that AWS would ask for; what could not be delivered is listed at
`GET /_sandbox/undelivered`. `rules` is EventBridge's part, `schedules` the rules and schedules of the clock
(fired by `POST /_sandbox/schedules/fire`, never by time), `buckets` S3's notifications.
"""

from __future__ import annotations

from sandbox.context import Context
from sandbox.events import buckets, rules, schedules
from sandbox.events.delivery import Delivery


def install(context: Context) -> None:
    """Replace moto's deliveries, which reach few targets and ask nobody's permission."""
    delivery = context.parts["delivery"] = Delivery(context)
    rules.install(context, delivery)
    buckets.install(context, delivery)
    schedules.install(context, delivery)
