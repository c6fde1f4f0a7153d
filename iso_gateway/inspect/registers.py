"""Countries and areas by the three digits of ISO 3166-1, and what a merchant sells by the four of ISO 18245.

The names of countries are those that people use, as in the file ``iso3166.tab`` of the tz database, which is in the
public domain; its codes of two letters were joined with ISO's digits. Of the merchant category codes the frequent ones
are here, in our words.
"""

from __future__ import annotations

from typing import Final

_COUNTRIES: Final = """
    004 Afghanistan; 008 Albania; 010 Antarctica; 012 Algeria; 016 Samoa (American); 020 Andorra; 024 Angola;
    028 Antigua & Barbuda; 031 Azerbaijan; 032 Argentina; 036 Australia; 040 Austria; 044 Bahamas; 048 Bahrain;
    050 Bangladesh; 051 Armenia; 052 Barbados; 056 Belgium; 060 Bermuda; 064 Bhutan; 068 Bolivia;
    070 Bosnia & Herzegovina; 072 Botswana; 074 Bouvet Island; 076 Brazil; 084 Belize;
    086 British Indian Ocean Territory; 090 Solomon Islands; 092 Virgin Islands (UK); 096 Brunei; 100 Bulgaria;
    104 Myanmar (Burma); 108 Burundi; 112 Belarus; 116 Cambodia; 120 Cameroon; 124 Canada; 132 Cape Verde;
    136 Cayman Islands; 140 Central African Rep.; 144 Sri Lanka; 148 Chad; 152 Chile; 156 China; 158 Taiwan;
    162 Christmas Island; 166 Cocos (Keeling) Islands; 170 Colombia; 174 Comoros; 175 Mayotte; 178 Congo (Rep.);
    180 Congo (Dem. Rep.); 184 Cook Islands; 188 Costa Rica; 191 Croatia; 192 Cuba; 196 Cyprus; 203 Czech Republic;
    204 Benin; 208 Denmark; 212 Dominica; 214 Dominican Republic; 218 Ecuador; 222 El Salvador; 226 Equatorial Guinea;
    231 Ethiopia; 232 Eritrea; 233 Estonia; 234 Faroe Islands; 238 Falkland Islands;
    239 South Georgia & the South Sandwich Islands; 242 Fiji; 246 Finland; 248 Åland Islands; 250 France;
    254 French Guiana; 258 French Polynesia; 260 French S. Terr.; 262 Djibouti; 266 Gabon; 268 Georgia; 270 Gambia;
    275 Palestine; 276 Germany; 288 Ghana; 292 Gibraltar; 296 Kiribati; 300 Greece; 304 Greenland; 308 Grenada;
    312 Guadeloupe; 316 Guam; 320 Guatemala; 324 Guinea; 328 Guyana; 332 Haiti; 334 Heard Island & McDonald Islands;
    336 Vatican City; 340 Honduras; 344 Hong Kong; 348 Hungary; 352 Iceland; 356 India; 360 Indonesia; 364 Iran;
    368 Iraq; 372 Ireland; 376 Israel; 380 Italy; 384 Côte d'Ivoire; 388 Jamaica; 392 Japan; 398 Kazakhstan;
    400 Jordan; 404 Kenya; 408 Korea (North); 410 Korea (South); 414 Kuwait; 417 Kyrgyzstan; 418 Laos; 422 Lebanon;
    426 Lesotho; 428 Latvia; 430 Liberia; 434 Libya; 438 Liechtenstein; 440 Lithuania; 442 Luxembourg; 446 Macau;
    450 Madagascar; 454 Malawi; 458 Malaysia; 462 Maldives; 466 Mali; 470 Malta; 474 Martinique; 478 Mauritania;
    480 Mauritius; 484 Mexico; 492 Monaco; 496 Mongolia; 498 Moldova; 499 Montenegro; 500 Montserrat; 504 Morocco;
    508 Mozambique; 512 Oman; 516 Namibia; 520 Nauru; 524 Nepal; 528 Netherlands; 531 Curaçao; 533 Aruba;
    534 St Maarten (Dutch); 535 Caribbean NL; 540 New Caledonia; 548 Vanuatu; 554 New Zealand; 558 Nicaragua;
    562 Niger; 566 Nigeria; 570 Niue; 574 Norfolk Island; 578 Norway; 580 Northern Mariana Islands;
    581 US minor outlying islands; 583 Micronesia; 584 Marshall Islands; 585 Palau; 586 Pakistan; 591 Panama;
    598 Papua New Guinea; 600 Paraguay; 604 Peru; 608 Philippines; 612 Pitcairn; 616 Poland; 620 Portugal;
    624 Guinea-Bissau; 626 East Timor; 630 Puerto Rico; 634 Qatar; 638 Réunion; 642 Romania; 643 Russia; 646 Rwanda;
    652 St Barthelemy; 654 St Helena; 659 St Kitts & Nevis; 660 Anguilla; 662 St Lucia; 663 St Martin (French);
    666 St Pierre & Miquelon; 670 St Vincent; 674 San Marino; 678 Sao Tome & Principe; 682 Saudi Arabia; 686 Senegal;
    688 Serbia; 690 Seychelles; 694 Sierra Leone; 702 Singapore; 703 Slovakia; 704 Vietnam; 705 Slovenia; 706 Somalia;
    710 South Africa; 716 Zimbabwe; 724 Spain; 728 South Sudan; 729 Sudan; 732 Western Sahara; 740 Suriname;
    744 Svalbard & Jan Mayen; 748 Eswatini (Swaziland); 752 Sweden; 756 Switzerland; 760 Syria; 762 Tajikistan;
    764 Thailand; 768 Togo; 772 Tokelau; 776 Tonga; 780 Trinidad & Tobago; 784 United Arab Emirates; 788 Tunisia;
    792 Turkey; 795 Turkmenistan; 796 Turks & Caicos Is; 798 Tuvalu; 800 Uganda; 804 Ukraine; 807 North Macedonia;
    818 Egypt; 826 Britain (UK); 831 Guernsey; 832 Jersey; 833 Isle of Man; 834 Tanzania; 840 United States;
    850 Virgin Islands (US); 854 Burkina Faso; 858 Uruguay; 860 Uzbekistan; 862 Venezuela; 876 Wallis & Futuna;
    882 Samoa (western); 887 Yemen; 894 Zambia
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


def _table(text: str) -> dict[str, str]:
    return dict((" ".join(row.split())).split(" ", 1) for row in text.split(";"))


COUNTRIES: Final = _table(_COUNTRIES)
"""Three digits -> name: ``"566"``."""
_BY_CODE: Final = _table(_MERCHANTS)


def merchant(code: str) -> str:
    """Return what the four digits of a merchant category code say; empty where nothing is known of them."""
    if code in _BY_CODE or not code.isdecimal():
        return _BY_CODE.get(code, "")
    return next((what for first, last, what in _SINGLE if first <= int(code) <= last), "")
