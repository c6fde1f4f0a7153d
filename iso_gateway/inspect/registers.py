"""Countries and areas by the digits and letters of ISO 3166-1, and what a merchant sells by the digits of ISO 18245.

The names of countries are those that people use, as in the file ``iso3166.tab`` of the tz database, which is in the
public domain; ISO's digits were joined to its codes of two letters. Of the merchant category codes the frequent ones
are here, in our words.
"""

from __future__ import annotations

from typing import Final

_COUNTRIES: Final = """
    004 AF Afghanistan; 008 AL Albania; 010 AQ Antarctica; 012 DZ Algeria; 016 AS Samoa (American); 020 AD Andorra;
    024 AO Angola; 028 AG Antigua & Barbuda; 031 AZ Azerbaijan; 032 AR Argentina; 036 AU Australia; 040 AT Austria;
    044 BS Bahamas; 048 BH Bahrain; 050 BD Bangladesh; 051 AM Armenia; 052 BB Barbados; 056 BE Belgium; 060 BM Bermuda;
    064 BT Bhutan; 068 BO Bolivia; 070 BA Bosnia & Herzegovina; 072 BW Botswana; 074 BV Bouvet Island; 076 BR Brazil;
    084 BZ Belize; 086 IO British Indian Ocean Territory; 090 SB Solomon Islands; 092 VG Virgin Islands (UK);
    096 BN Brunei; 100 BG Bulgaria; 104 MM Myanmar (Burma); 108 BI Burundi; 112 BY Belarus; 116 KH Cambodia;
    120 CM Cameroon; 124 CA Canada; 132 CV Cape Verde; 136 KY Cayman Islands; 140 CF Central African Rep.;
    144 LK Sri Lanka; 148 TD Chad; 152 CL Chile; 156 CN China; 158 TW Taiwan; 162 CX Christmas Island;
    166 CC Cocos (Keeling) Islands; 170 CO Colombia; 174 KM Comoros; 175 YT Mayotte; 178 CG Congo (Rep.);
    180 CD Congo (Dem. Rep.); 184 CK Cook Islands; 188 CR Costa Rica; 191 HR Croatia; 192 CU Cuba; 196 CY Cyprus;
    203 CZ Czech Republic; 204 BJ Benin; 208 DK Denmark; 212 DM Dominica; 214 DO Dominican Republic; 218 EC Ecuador;
    222 SV El Salvador; 226 GQ Equatorial Guinea; 231 ET Ethiopia; 232 ER Eritrea; 233 EE Estonia;
    234 FO Faroe Islands; 238 FK Falkland Islands; 239 GS South Georgia & the South Sandwich Islands; 242 FJ Fiji;
    246 FI Finland; 248 AX Åland Islands; 250 FR France; 254 GF French Guiana; 258 PF French Polynesia;
    260 TF French S. Terr.; 262 DJ Djibouti; 266 GA Gabon; 268 GE Georgia; 270 GM Gambia; 275 PS Palestine;
    276 DE Germany; 288 GH Ghana; 292 GI Gibraltar; 296 KI Kiribati; 300 GR Greece; 304 GL Greenland; 308 GD Grenada;
    312 GP Guadeloupe; 316 GU Guam; 320 GT Guatemala; 324 GN Guinea; 328 GY Guyana; 332 HT Haiti;
    334 HM Heard Island & McDonald Islands; 336 VA Vatican City; 340 HN Honduras; 344 HK Hong Kong; 348 HU Hungary;
    352 IS Iceland; 356 IN India; 360 ID Indonesia; 364 IR Iran; 368 IQ Iraq; 372 IE Ireland; 376 IL Israel;
    380 IT Italy; 384 CI Côte d'Ivoire; 388 JM Jamaica; 392 JP Japan; 398 KZ Kazakhstan; 400 JO Jordan; 404 KE Kenya;
    408 KP Korea (North); 410 KR Korea (South); 414 KW Kuwait; 417 KG Kyrgyzstan; 418 LA Laos; 422 LB Lebanon;
    426 LS Lesotho; 428 LV Latvia; 430 LR Liberia; 434 LY Libya; 438 LI Liechtenstein; 440 LT Lithuania;
    442 LU Luxembourg; 446 MO Macau; 450 MG Madagascar; 454 MW Malawi; 458 MY Malaysia; 462 MV Maldives; 466 ML Mali;
    470 MT Malta; 474 MQ Martinique; 478 MR Mauritania; 480 MU Mauritius; 484 MX Mexico; 492 MC Monaco;
    496 MN Mongolia; 498 MD Moldova; 499 ME Montenegro; 500 MS Montserrat; 504 MA Morocco; 508 MZ Mozambique;
    512 OM Oman; 516 NA Namibia; 520 NR Nauru; 524 NP Nepal; 528 NL Netherlands; 531 CW Curaçao; 533 AW Aruba;
    534 SX St Maarten (Dutch); 535 BQ Caribbean NL; 540 NC New Caledonia; 548 VU Vanuatu; 554 NZ New Zealand;
    558 NI Nicaragua; 562 NE Niger; 566 NG Nigeria; 570 NU Niue; 574 NF Norfolk Island; 578 NO Norway;
    580 MP Northern Mariana Islands; 581 UM US minor outlying islands; 583 FM Micronesia; 584 MH Marshall Islands;
    585 PW Palau; 586 PK Pakistan; 591 PA Panama; 598 PG Papua New Guinea; 600 PY Paraguay; 604 PE Peru;
    608 PH Philippines; 612 PN Pitcairn; 616 PL Poland; 620 PT Portugal; 624 GW Guinea-Bissau; 626 TL East Timor;
    630 PR Puerto Rico; 634 QA Qatar; 638 RE Réunion; 642 RO Romania; 643 RU Russia; 646 RW Rwanda;
    652 BL St Barthelemy; 654 SH St Helena; 659 KN St Kitts & Nevis; 660 AI Anguilla; 662 LC St Lucia;
    663 MF St Martin (French); 666 PM St Pierre & Miquelon; 670 VC St Vincent; 674 SM San Marino;
    678 ST Sao Tome & Principe; 682 SA Saudi Arabia; 686 SN Senegal; 688 RS Serbia; 690 SC Seychelles;
    694 SL Sierra Leone; 702 SG Singapore; 703 SK Slovakia; 704 VN Vietnam; 705 SI Slovenia; 706 SO Somalia;
    710 ZA South Africa; 716 ZW Zimbabwe; 724 ES Spain; 728 SS South Sudan; 729 SD Sudan; 732 EH Western Sahara;
    740 SR Suriname; 744 SJ Svalbard & Jan Mayen; 748 SZ Eswatini (Swaziland); 752 SE Sweden; 756 CH Switzerland;
    760 SY Syria; 762 TJ Tajikistan; 764 TH Thailand; 768 TG Togo; 772 TK Tokelau; 776 TO Tonga;
    780 TT Trinidad & Tobago; 784 AE United Arab Emirates; 788 TN Tunisia; 792 TR Turkey; 795 TM Turkmenistan;
    796 TC Turks & Caicos Is; 798 TV Tuvalu; 800 UG Uganda; 804 UA Ukraine; 807 MK North Macedonia; 818 EG Egypt;
    826 GB Britain (UK); 831 GG Guernsey; 832 JE Jersey; 833 IM Isle of Man; 834 TZ Tanzania; 840 US United States;
    850 VI Virgin Islands (US); 854 BF Burkina Faso; 858 UY Uruguay; 860 UZ Uzbekistan; 862 VE Venezuela;
    876 WF Wallis & Futuna; 882 WS Samoa (western); 887 YE Yemen; 894 ZM Zambia
"""

_MERCHANTS: Final = """
    0742 veterinarian; 1520 general contractor; 1711 heating, plumbing and air conditioning; 1731 electrician;
    4111 local passenger transport; 4112 passenger railway; 4119 ambulance; 4121 taxi; 4131 bus line;
    4214 freight and moving; 4215 courier; 4411 cruise line; 4511 airline; 4722 travel agency; 4784 tolls;
    4789 transport; 4812 telephones; 4814 telephone service; 4816 computer network service; 4829 money transfer;
    4899 cable and pay television; 4900 utilities; 5045 computers, wholesale; 5047 medical supplies;
    5065 electrical parts; 5094 precious metals and jewellery, wholesale; 5111 office supplies, wholesale;
    5122 drugs, wholesale; 5172 petroleum products; 5200 home supply warehouse; 5211 building materials;
    5251 hardware store; 5261 garden supplies; 5300 wholesale club; 5309 duty-free shop; 5310 discount store;
    5311 department store; 5331 variety store; 5399 general merchandise; 5411 supermarket; 5422 butcher;
    5441 sweets; 5451 dairy products; 5462 bakery; 5499 convenience and food store; 5511 car dealer;
    5532 tyres; 5533 car parts; 5541 service station; 5542 automated fuel dispenser; 5571 motorcycle dealer;
    5611 men's clothing; 5621 women's clothing; 5641 children's clothing; 5651 family clothing; 5655 sports clothing;
    5661 shoes; 5691 men's and women's clothing; 5699 clothing and accessories; 5712 furniture;
    5719 home furnishings; 5722 household appliances; 5732 electronics; 5733 musical instruments; 5734 software;
    5735 records; 5811 caterer; 5812 restaurant; 5813 bar; 5814 fast food; 5815 digital media; 5816 digital games;
    5817 digital applications; 5818 digital goods; 5912 pharmacy; 5921 beer, wine and liquor;
    5931 second-hand goods; 5933 pawn shop; 5940 bicycles; 5941 sporting goods; 5942 books; 5943 stationery;
    5944 jewellery and watches; 5945 toys and games; 5946 cameras; 5947 gifts; 5948 leather goods; 5949 fabrics;
    5960 insurance, direct marketing; 5962 travel, direct marketing; 5964 catalogue merchant;
    5965 catalogue and retail merchant; 5966 outbound telemarketing; 5967 inbound teleservices;
    5968 subscription merchant; 5969 direct marketing; 5971 art; 5977 cosmetics; 5983 fuel dealer; 5992 florist;
    5993 tobacco; 5994 news-stand; 5995 pet shop; 5999 specialty retail; 6010 cash at the counter;
    6011 cash from a machine; 6012 financial institution; 6051 money orders, foreign and virtual currency;
    6211 securities; 6300 insurance; 6513 real estate and rents; 6536 money transfer to a card, national;
    6537 money transfer to a card, international; 6538 money transfer, funding; 6540 stored value, loading;
    7011 hotel; 7032 sporting camp; 7033 campground; 7210 laundry; 7216 dry cleaner; 7221 photographer;
    7230 hairdresser; 7261 funeral service; 7273 dating service; 7276 tax preparation; 7297 massage;
    7298 health and beauty spa; 7299 personal services; 7311 advertising; 7349 cleaning; 7361 employment agency;
    7372 programming; 7379 computer maintenance; 7392 consulting; 7393 security service; 7394 equipment rental;
    7399 business services; 7512 car rental; 7513 truck rental; 7523 parking; 7531 body repair; 7538 car service;
    7542 car wash; 7549 towing; 7622 electronics repair; 7699 repairs; 7800 state lottery; 7801 licensed online casino;
    7802 licensed racing; 7832 cinema; 7841 video rental; 7922 theatre and tickets; 7933 bowling;
    7941 sports club; 7991 tourist attraction; 7992 public golf course; 7994 video arcade; 7995 betting;
    7996 amusement park; 7997 membership club; 7999 recreation; 8011 doctor; 8021 dentist; 8042 optometrist;
    8043 optician; 8050 nursing; 8062 hospital; 8071 laboratory; 8099 medical services; 8111 lawyer; 8211 school;
    8220 university; 8249 vocational school; 8299 education; 8351 child care; 8398 charity; 8641 association;
    8651 political organization; 8661 religious organization; 8699 membership organization; 8911 architect;
    8931 accountant; 8999 professional services; 9211 court costs; 9222 fines; 9311 taxes; 9399 government services;
    9402 postal service; 9405 within government
"""
_SINGLE: Final = ((3000, 3350, "airline"), (3351, 3500, "car rental"), (3501, 3999, "hotel"))
"""The ranges in which each code is one company."""


def _rows(text: str) -> list[str]:
    return [" ".join(row.split()) for row in text.split(";")]


COUNTRIES: Final = {row[:3]: row[7:] for row in _rows(_COUNTRIES)}
"""Three digits -> name: ``"566"``."""
BY_LETTERS: Final = {row[4:6]: row[7:] for row in _rows(_COUNTRIES)}
"""Two letters -> name: ``"NG"``."""
_BY_CODE: Final = {row[:4]: row[5:] for row in _rows(_MERCHANTS)}


def merchant(code: str) -> str:
    """Return what the four digits of a merchant category code say; empty where nothing is known of them."""
    if code in _BY_CODE or not code.isdecimal():
        return _BY_CODE.get(code, "")
    return next((what for first, last, what in _SINGLE if first <= int(code) <= last), "")
