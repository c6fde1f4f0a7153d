"""What an issuer does with its keys, for the mock host alone: a gateway has no such key and imports none of this.

    card_verification         CVV, CVV2, iCVV
    pin_verification          Visa's PVV, IBM 3624's natural PIN and offset
    application_cryptograms   EMV: ARQC of a card, ARPC for it

All keys are TDES keys of two lengths.
"""
