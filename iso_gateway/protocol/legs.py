"""Which elements of a message belong to one leg, which must reach the other, and which a terminal knows best.

By the names of the specs, so that it holds for every dialect.
"""

from __future__ import annotations

from typing import Final

OWN_TO_A_LEG: Final = frozenset(
    {
        "message_authentication_code",
        "message_authentication_code_2",
        "security_related_control_information",
        "response_code",
        "action_code",
        "function_code",
        "message_reason_code",
        "network_management_information_code",
        "original_data_elements",
        "original_data_elements_1993",
        "original_batch_and_stan",
    }
)
"""What is made anew on each leg and never carried: MAC, security, codes, and the naming of originals."""

MAC: Final = frozenset({64, 128, 192})
"""Where a MAC is, whatever a spec calls it: the last element of the first, the second or the third bitmap."""

MONEY: Final = frozenset(
    {
        "amount_transaction",
        "amount_settlement",
        "amount_cardholder_billing",
        "amount_transaction_fee",
        "amount_settlement_fee",
        "amount_transaction_processing_fee",
        "amount_settlement_processing_fee",
        "amounts_fees",
        "currency_code_transaction",
        "additional_amounts",
        "replacement_amounts",
    }
)
"""What must reach the other side, or the message is refused (ruling 5): money is never dropped in silence."""

FROM_THE_TERMINAL: Final = frozenset(
    {
        "primary_account_number",
        "primary_account_number_extended",
        "processing_code",
        "transmission_date_time",
        "system_trace_audit_number",
        "time_local_transaction",
        "date_local_transaction",
        "date_time_local_transaction",
        "date_expiration",
        "pos_entry_mode",
        "pos_data_code",
        "pos_condition_code",
        "acquiring_institution_id",
        "forwarding_institution_id",
        "track_2_data",
        "track_3_data",
        "track_1_data",
        "card_acceptor_terminal_id",
        "card_acceptor_id",
        "card_acceptor_name_location",
        "currency_code_transaction",
        "pin_data",
        "pos_transaction_type_and_batch",
        "original_data_elements",
    }
)
"""What a terminal knows better than the host: it gets its own values back, or nothing."""

WRITTEN_OTHERWISE: Final = frozenset({"date_time_local_transaction", "pos_data_code", "date_settlement_1993"})
"""The elements that say in other digits what an element of 1987 says."""
