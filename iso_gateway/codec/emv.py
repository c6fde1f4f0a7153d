"""The names of the EMV tags, and which of them may be seen (EMV Book 3, annex A; tags of the payment systems).

A tag that is not in this table may not be seen, whatever it is.
"""

from __future__ import annotations

from typing import Final

_SHOWN: Final = """
    42   issuer_identification_number
    4F   application_id
    50   application_label
    81   amount_authorized_binary
    82   application_interchange_profile
    84   dedicated_file_name
    87   application_priority_indicator
    88   short_file_identifier
    89   authorization_code
    8A   authorization_response_code
    8C   card_risk_management_dol_1
    8D   card_risk_management_dol_2
    8E   cvm_list
    8F   certification_authority_key_index_card
    91   issuer_authentication_data
    94   application_file_locator
    95   terminal_verification_results
    97   transaction_certificate_dol
    98   transaction_certificate_hash
    9A   transaction_date
    9B   transaction_status_information
    9C   transaction_type
    9D   directory_definition_file_name
    5F28 issuer_country_code
    5F2A transaction_currency_code
    5F34 pan_sequence_number
    5F36 transaction_currency_exponent
    5F50 issuer_url
    5F54 bank_identifier_code
    5F55 issuer_country_code_alpha_2
    5F56 issuer_country_code_alpha_3
    5F57 account_type
    9F01 acquirer_id
    9F02 amount_authorized
    9F03 amount_other
    9F04 amount_other_binary
    9F06 application_id_terminal
    9F07 application_usage_control
    9F08 application_version_card
    9F09 application_version_terminal
    9F0D issuer_action_code_default
    9F0E issuer_action_code_denial
    9F0F issuer_action_code_online
    9F10 issuer_application_data
    9F11 issuer_code_table_index
    9F12 application_preferred_name
    9F13 last_online_application_transaction_counter
    9F14 lower_consecutive_offline_limit
    9F15 merchant_category_code
    9F16 merchant_id
    9F18 issuer_script_id
    9F1A terminal_country_code
    9F1B terminal_floor_limit
    9F1C terminal_id
    9F1D terminal_risk_management_data
    9F1E interface_device_serial_number
    9F21 transaction_time
    9F22 certification_authority_key_index_terminal
    9F23 upper_consecutive_offline_limit
    9F26 application_cryptogram
    9F27 cryptogram_information_data
    9F2E icc_pin_encipherment_key_exponent
    9F32 issuer_key_exponent
    9F33 terminal_capabilities
    9F34 cvm_results
    9F35 terminal_type
    9F36 application_transaction_counter
    9F37 unpredictable_number
    9F38 processing_options_dol
    9F39 pos_entry_mode
    9F3A amount_reference_currency
    9F3B application_reference_currency
    9F3C transaction_reference_currency_code
    9F3D transaction_reference_currency_exponent
    9F40 additional_terminal_capabilities
    9F41 transaction_sequence_counter
    9F42 application_currency_code
    9F43 application_reference_currency_exponent
    9F44 application_currency_exponent
    9F45 data_authentication_code
    9F47 icc_key_exponent
    9F49 dynamic_data_authentication_dol
    9F4A static_data_authentication_tag_list
    9F4D log_entry
    9F4E merchant_name_and_location
    9F4F log_format
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
    61   application_template
    6F   file_control_information_template
    70   read_record_response_template
    71   issuer_script_template_1
    72   issuer_script_template_2
    73   directory_discretionary_template
    77   response_template_format_2
    80   response_template_format_1
    83   command_template
    86   issuer_script_command
    90   issuer_key_certificate
    92   issuer_key_remainder
    93   signed_static_application_data
    99   transaction_pin_data
    A5   file_control_information_proprietary_template
    5F20 cardholder_name
    5F24 application_expiration_date
    5F25 application_effective_date
    5F2D language_preference
    5F30 service_code
    5F53 international_bank_account_number
    9F05 application_discretionary_data
    9F0B cardholder_name_extended
    9F17 pin_try_counter
    9F1F track_1_discretionary_data
    9F20 track_2_discretionary_data
    9F24 payment_account_reference
    9F25 last_4_digits_of_pan
    9F2D icc_pin_encipherment_key_certificate
    9F2F icc_pin_encipherment_key_remainder
    9F46 icc_key_certificate
    9F48 icc_key_remainder
    9F4B signed_dynamic_application_data
    9F4C icc_dynamic_number
    9F6B track_2_data
    9F74 vlp_issuer_authorization_code
    9F7C customer_exclusive_data
    BF0C file_control_information_issuer_discretionary_data
"""


def _table(text: str) -> dict[str, str]:
    words = text.split()
    return dict(zip(words[::2], words[1::2], strict=True))


SHOWN_TAGS: Final = frozenset(_table(_SHOWN)) - _table(_HIDDEN).keys()
"""The tags that tell nothing of card holder or secrets. PAN, tracks, names, dates of the card, PIN data, the
scripts that may set a PIN, templates and certificates (an ICC's holds its PAN) are not among them."""

NAMES: Final[dict[str, str]] = _table(_SHOWN) | _table(_HIDDEN)
"""What the tags are called."""
