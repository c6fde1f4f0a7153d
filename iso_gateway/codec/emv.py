"""The names of the EMV tags, and which of them may be seen (EMV Book 3, annex A; tags of the payment systems).

A tag that is not in this table may not be seen, whatever it is.
"""

from __future__ import annotations

from typing import Final

_SHOWN: Final = """
    4F   application_id
    50   application_label
    82   application_interchange_profile
    84   dedicated_file_name
    8A   authorization_response_code
    8E   cvm_list
    91   issuer_authentication_data
    95   terminal_verification_results
    9A   transaction_date
    9B   transaction_status_information
    9C   transaction_type
    5F2A transaction_currency_code
    5F34 pan_sequence_number
    5F36 transaction_currency_exponent
    9F01 acquirer_id
    9F02 amount_authorized
    9F03 amount_other
    9F06 application_id_terminal
    9F07 application_usage_control
    9F08 application_version_card
    9F09 application_version_terminal
    9F0D issuer_action_code_default
    9F0E issuer_action_code_denial
    9F0F issuer_action_code_online
    9F10 issuer_application_data
    9F12 application_preferred_name
    9F15 merchant_category_code
    9F16 merchant_id
    9F1A terminal_country_code
    9F1B terminal_floor_limit
    9F1C terminal_id
    9F1D terminal_risk_management_data
    9F1E interface_device_serial_number
    9F21 transaction_time
    9F26 application_cryptogram
    9F27 cryptogram_information_data
    9F33 terminal_capabilities
    9F34 cvm_results
    9F35 terminal_type
    9F36 application_transaction_counter
    9F37 unpredictable_number
    9F39 pos_entry_mode
    9F40 additional_terminal_capabilities
    9F41 transaction_sequence_counter
    9F45 data_authentication_code
    9F4E merchant_name_and_location
    9F53 transaction_category_code
    9F5B issuer_script_results
    9F63 card_product_id
    9F66 terminal_transaction_qualifiers
    9F6C card_transaction_qualifiers
    9F6E form_factor_indicator
"""
_HIDDEN: Final = """
    56   track_1_equivalent_data
    57   track_2_equivalent_data
    5A   application_pan
    71   issuer_script_template_1
    72   issuer_script_template_2
    86   issuer_script_command
    99   transaction_pin_data
    5F20 cardholder_name
    5F24 application_expiration_date
    5F25 application_effective_date
    5F2D language_preference
    5F30 service_code
    9F0B cardholder_name_extended
    9F1F track_1_discretionary_data
    9F20 track_2_discretionary_data
    9F6B track_2_data
    9F74 vlp_issuer_authorization_code
"""


def _table(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


SHOWN_TAGS: Final = frozenset(_table(_SHOWN))
"""The tags that tell nothing of card holder or secrets. PAN, tracks, names, dates of the card, PIN data and the
scripts that may set a PIN are not among them."""

NAMES: Final[dict[str, str]] = _table(_SHOWN) | _table(_HIDDEN)
"""What the tags are called."""
