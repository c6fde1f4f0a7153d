"""Keys and what is done with them: pure algorithms, and references to keys that live elsewhere.

    keys, commands     what a key is for, and what a security module is asked: all that the network side knows
    seal               card numbers in the journal
    held, wrapping     keys in clear, of the mock host and of a test terminal

What a security module is made of, and nobody else uses:

    block_ciphers      `BlockCipher`: one key of DES, TDES, AES or SM4, made ready once
    macs               `MacKey`: one key and one algorithm; make and verify
    pin_policy         `translate` a PIN block from key and format to key and format, where policy allows
    pin_blocks         the formats themselves: `encipher`, `decipher`
    dukpt_tdes, _aes   keys of single transactions
    check_values       `check_value`, `matches`
    key_material       parity, weak keys, components
    key_blocks         keys under keys (TR-31); key_header is what stands before them
    issuer/            what only an issuer does with keys: for the mock host

Randomness is handed in as a function; keys are handed in as `bytearray` and come out as such, for their owner to wipe.
"""
