"""What every report of an order says of it, in one place."""

from typing import Any

from app.engine.compile import kernel


@kernel
def copy_terms(report: Any, order: Any) -> None:
    """Write an order's terms and how far it is filled into a REPORT.

    Parameters
    ----------
    order : ORDER or VENUE_ORDER
    """
    report["instrument"] = order["instrument"]
    report["side"] = order["side"]
    report["order_type"] = order["order_type"]
    report["options"] = order["options"]
    report["client_order_id"] = order["client_order_id"]
    report["venue_order_id"] = order["venue_order_id"]
    report["quantity"] = order["quantity"]
    report["filled"] = order["filled"]
    report["leaves"] = order["leaves"]
    report["price"] = order["price"]
    report["stop_price"] = order["stop_price"]
    report["group"] = order["group"]
    report["strategy"] = order["strategy"]
    report["time_in_force"] = order["time_in_force"]
