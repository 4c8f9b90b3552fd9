/**
 * Windows time-zone names and the zones of the time-zone database they stand for, by territory: CLDR windowsZones
 * (Unicode licence), with today's names of zones that CLDR keeps under older ones. windows-zones.test.ts compares the
 * table with the installed cldr-core.
 */
export interface WindowsZone {
  /** `W. Europe Standard Time` */
  readonly name: string;
  /** The zone where no territory is known (CLDR 001). */
  readonly zone: string;
  /** Zones by ISO 3166 territory. */
  readonly territories: Readonly<Record<string, readonly string[]>>;
}

/** CLDR's name of a zone to that of the time-zone database. */
export const CURRENT_NAMES: Readonly<Record<string, string>> = {
  'Africa/Asmera': 'Africa/Asmara',
  'America/Buenos_Aires': 'America/Argentina/Buenos_Aires',
  'America/Catamarca': 'America/Argentina/Catamarca',
  'America/Coral_Harbour': 'America/Atikokan',
  'America/Cordoba': 'America/Argentina/Cordoba',
  'America/Godthab': 'America/Nuuk',
  'America/Indianapolis': 'America/Indiana/Indianapolis',
  'America/Jujuy': 'America/Argentina/Jujuy',
  'America/Louisville': 'America/Kentucky/Louisville',
  'America/Mendoza': 'America/Argentina/Mendoza',
  'Asia/Calcutta': 'Asia/Kolkata',
  'Asia/Katmandu': 'Asia/Kathmandu',
  'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh',
  'Atlantic/Faeroe': 'Atlantic/Faroe',
  'Europe/Kiev': 'Europe/Kyiv',
  'Pacific/Enderbury': 'Pacific/Kanton',
  'Pacific/Ponape': 'Pacific/Pohnpei',
  'Pacific/Truk': 'Pacific/Chuuk',
};

/** name|zone|territory=zones|… */
const ROWS = `
Afghanistan Standard Time|Asia/Kabul|AF=Asia/Kabul
Alaskan Standard Time|America/Anchorage|US=America/Anchorage America/Juneau America/Metlakatla America/Nome America/Sitka America/Yakutat
Aleutian Standard Time|America/Adak|US=America/Adak
Altai Standard Time|Asia/Barnaul|RU=Asia/Barnaul
Arab Standard Time|Asia/Riyadh|BH=Asia/Bahrain|KW=Asia/Kuwait|QA=Asia/Qatar|SA=Asia/Riyadh|YE=Asia/Aden
Arabian Standard Time|Asia/Dubai|AE=Asia/Dubai|OM=Asia/Muscat|ZZ=Etc/GMT-4
Arabic Standard Time|Asia/Baghdad|IQ=Asia/Baghdad
Argentina Standard Time|America/Argentina/Buenos_Aires|AR=America/Argentina/Buenos_Aires America/Argentina/La_Rioja America/Argentina/Rio_Gallegos America/Argentina/Salta America/Argentina/San_Juan America/Argentina/San_Luis America/Argentina/Tucuman America/Argentina/Ushuaia America/Argentina/Catamarca America/Argentina/Cordoba America/Argentina/Jujuy America/Argentina/Mendoza
Astrakhan Standard Time|Europe/Astrakhan|RU=Europe/Astrakhan Europe/Ulyanovsk
Atlantic Standard Time|America/Halifax|BM=Atlantic/Bermuda|CA=America/Halifax America/Glace_Bay America/Goose_Bay America/Moncton|GL=America/Thule
AUS Central Standard Time|Australia/Darwin|AU=Australia/Darwin
Aus Central W. Standard Time|Australia/Eucla|AU=Australia/Eucla
AUS Eastern Standard Time|Australia/Sydney|AU=Australia/Sydney Australia/Melbourne
Azerbaijan Standard Time|Asia/Baku|AZ=Asia/Baku
Azores Standard Time|Atlantic/Azores|GL=America/Scoresbysund|PT=Atlantic/Azores
Bahia Standard Time|America/Bahia|BR=America/Bahia
Bangladesh Standard Time|Asia/Dhaka|BD=Asia/Dhaka|BT=Asia/Thimphu
Belarus Standard Time|Europe/Minsk|BY=Europe/Minsk
Bougainville Standard Time|Pacific/Bougainville|PG=Pacific/Bougainville
Canada Central Standard Time|America/Regina|CA=America/Regina America/Swift_Current
Cape Verde Standard Time|Atlantic/Cape_Verde|CV=Atlantic/Cape_Verde|ZZ=Etc/GMT+1
Caucasus Standard Time|Asia/Yerevan|AM=Asia/Yerevan
Cen. Australia Standard Time|Australia/Adelaide|AU=Australia/Adelaide Australia/Broken_Hill
Central America Standard Time|America/Guatemala|BZ=America/Belize|CR=America/Costa_Rica|EC=Pacific/Galapagos|GT=America/Guatemala|HN=America/Tegucigalpa|NI=America/Managua|SV=America/El_Salvador|ZZ=Etc/GMT+6
Central Asia Standard Time|Asia/Bishkek|AQ=Antarctica/Vostok|CN=Asia/Urumqi|IO=Indian/Chagos|KG=Asia/Bishkek|ZZ=Etc/GMT-6
Central Brazilian Standard Time|America/Cuiaba|BR=America/Cuiaba America/Campo_Grande
Central Europe Standard Time|Europe/Budapest|AL=Europe/Tirane|CZ=Europe/Prague|HU=Europe/Budapest|ME=Europe/Podgorica|RS=Europe/Belgrade|SI=Europe/Ljubljana|SK=Europe/Bratislava
Central European Standard Time|Europe/Warsaw|BA=Europe/Sarajevo|HR=Europe/Zagreb|MK=Europe/Skopje|PL=Europe/Warsaw
Central Pacific Standard Time|Pacific/Guadalcanal|AQ=Antarctica/Casey|FM=Pacific/Pohnpei Pacific/Kosrae|NC=Pacific/Noumea|SB=Pacific/Guadalcanal|VU=Pacific/Efate|ZZ=Etc/GMT-11
Central Standard Time|America/Chicago|CA=America/Winnipeg America/Rankin_Inlet America/Resolute|MX=America/Matamoros America/Ojinaga|US=America/Chicago America/Indiana/Knox America/Indiana/Tell_City America/Menominee America/North_Dakota/Beulah America/North_Dakota/Center America/North_Dakota/New_Salem
Central Standard Time (Mexico)|America/Mexico_City|MX=America/Mexico_City America/Bahia_Banderas America/Merida America/Monterrey America/Chihuahua
Chatham Islands Standard Time|Pacific/Chatham|NZ=Pacific/Chatham
China Standard Time|Asia/Shanghai|CN=Asia/Shanghai|HK=Asia/Hong_Kong|MO=Asia/Macau
Cuba Standard Time|America/Havana|CU=America/Havana
Dateline Standard Time|Etc/GMT+12|ZZ=Etc/GMT+12
E. Africa Standard Time|Africa/Nairobi|AQ=Antarctica/Syowa|DJ=Africa/Djibouti|ER=Africa/Asmara|ET=Africa/Addis_Ababa|KE=Africa/Nairobi|KM=Indian/Comoro|MG=Indian/Antananarivo|SO=Africa/Mogadishu|TZ=Africa/Dar_es_Salaam|UG=Africa/Kampala|YT=Indian/Mayotte|ZZ=Etc/GMT-3
E. Australia Standard Time|Australia/Brisbane|AU=Australia/Brisbane Australia/Lindeman
E. Europe Standard Time|Europe/Chisinau|MD=Europe/Chisinau
E. South America Standard Time|America/Sao_Paulo|BR=America/Sao_Paulo
Easter Island Standard Time|Pacific/Easter|CL=Pacific/Easter
Eastern Standard Time|America/New_York|BS=America/Nassau|CA=America/Toronto America/Iqaluit|US=America/New_York America/Detroit America/Indiana/Petersburg America/Indiana/Vincennes America/Indiana/Winamac America/Kentucky/Monticello America/Kentucky/Louisville
Eastern Standard Time (Mexico)|America/Cancun|MX=America/Cancun
Egypt Standard Time|Africa/Cairo|EG=Africa/Cairo
Ekaterinburg Standard Time|Asia/Yekaterinburg|RU=Asia/Yekaterinburg
Fiji Standard Time|Pacific/Fiji|FJ=Pacific/Fiji
FLE Standard Time|Europe/Kyiv|AX=Europe/Mariehamn|BG=Europe/Sofia|EE=Europe/Tallinn|FI=Europe/Helsinki|LT=Europe/Vilnius|LV=Europe/Riga|UA=Europe/Kyiv
Georgian Standard Time|Asia/Tbilisi|GE=Asia/Tbilisi
GMT Standard Time|Europe/London|ES=Atlantic/Canary|FO=Atlantic/Faroe|GB=Europe/London|GG=Europe/Guernsey|IE=Europe/Dublin|IM=Europe/Isle_of_Man|JE=Europe/Jersey|PT=Europe/Lisbon Atlantic/Madeira
Greenland Standard Time|America/Nuuk|GL=America/Nuuk
Greenwich Standard Time|Atlantic/Reykjavik|BF=Africa/Ouagadougou|CI=Africa/Abidjan|GH=Africa/Accra|GL=America/Danmarkshavn|GM=Africa/Banjul|GN=Africa/Conakry|GW=Africa/Bissau|IS=Atlantic/Reykjavik|LR=Africa/Monrovia|ML=Africa/Bamako|MR=Africa/Nouakchott|SH=Atlantic/St_Helena|SL=Africa/Freetown|SN=Africa/Dakar|TG=Africa/Lome
GTB Standard Time|Europe/Bucharest|CY=Asia/Nicosia Asia/Famagusta|GR=Europe/Athens|RO=Europe/Bucharest
Haiti Standard Time|America/Port-au-Prince|HT=America/Port-au-Prince
Hawaiian Standard Time|Pacific/Honolulu|CK=Pacific/Rarotonga|PF=Pacific/Tahiti|US=Pacific/Honolulu|ZZ=Etc/GMT+10
India Standard Time|Asia/Kolkata|IN=Asia/Kolkata
Iran Standard Time|Asia/Tehran|IR=Asia/Tehran
Israel Standard Time|Asia/Jerusalem|IL=Asia/Jerusalem
Jordan Standard Time|Asia/Amman|JO=Asia/Amman
Kaliningrad Standard Time|Europe/Kaliningrad|RU=Europe/Kaliningrad
Korea Standard Time|Asia/Seoul|KR=Asia/Seoul
Libya Standard Time|Africa/Tripoli|LY=Africa/Tripoli
Line Islands Standard Time|Pacific/Kiritimati|KI=Pacific/Kiritimati|ZZ=Etc/GMT-14
Lord Howe Standard Time|Australia/Lord_Howe|AU=Australia/Lord_Howe
Magadan Standard Time|Asia/Magadan|RU=Asia/Magadan
Magallanes Standard Time|America/Punta_Arenas|CL=America/Punta_Arenas America/Coyhaique
Marquesas Standard Time|Pacific/Marquesas|PF=Pacific/Marquesas
Mauritius Standard Time|Indian/Mauritius|MU=Indian/Mauritius|RE=Indian/Reunion|SC=Indian/Mahe
Middle East Standard Time|Asia/Beirut|LB=Asia/Beirut
Montevideo Standard Time|America/Montevideo|UY=America/Montevideo
Morocco Standard Time|Africa/Casablanca|EH=Africa/El_Aaiun|MA=Africa/Casablanca
Mountain Standard Time|America/Denver|CA=America/Edmonton America/Cambridge_Bay America/Inuvik|MX=America/Ciudad_Juarez|US=America/Denver America/Boise
Mountain Standard Time (Mexico)|America/Mazatlan|MX=America/Mazatlan
Myanmar Standard Time|Asia/Yangon|CC=Indian/Cocos|MM=Asia/Yangon
N. Central Asia Standard Time|Asia/Novosibirsk|RU=Asia/Novosibirsk
Namibia Standard Time|Africa/Windhoek|NA=Africa/Windhoek
Nepal Standard Time|Asia/Kathmandu|NP=Asia/Kathmandu
New Zealand Standard Time|Pacific/Auckland|AQ=Antarctica/McMurdo|NZ=Pacific/Auckland
Newfoundland Standard Time|America/St_Johns|CA=America/St_Johns
Norfolk Standard Time|Pacific/Norfolk|NF=Pacific/Norfolk
North Asia East Standard Time|Asia/Irkutsk|RU=Asia/Irkutsk
North Asia Standard Time|Asia/Krasnoyarsk|RU=Asia/Krasnoyarsk Asia/Novokuznetsk
North Korea Standard Time|Asia/Pyongyang|KP=Asia/Pyongyang
Omsk Standard Time|Asia/Omsk|RU=Asia/Omsk
Pacific SA Standard Time|America/Santiago|CL=America/Santiago
Pacific Standard Time|America/Los_Angeles|CA=America/Vancouver|US=America/Los_Angeles
Pacific Standard Time (Mexico)|America/Tijuana|MX=America/Tijuana
Pakistan Standard Time|Asia/Karachi|PK=Asia/Karachi
Paraguay Standard Time|America/Asuncion|PY=America/Asuncion
Qyzylorda Standard Time|Asia/Qyzylorda|KZ=Asia/Qyzylorda
Romance Standard Time|Europe/Paris|BE=Europe/Brussels|DK=Europe/Copenhagen|ES=Europe/Madrid Africa/Ceuta|FR=Europe/Paris
Russia Time Zone 3|Europe/Samara|RU=Europe/Samara
Russia Time Zone 10|Asia/Srednekolymsk|RU=Asia/Srednekolymsk
Russia Time Zone 11|Asia/Kamchatka|RU=Asia/Kamchatka Asia/Anadyr
Russian Standard Time|Europe/Moscow|RU=Europe/Moscow Europe/Kirov|UA=Europe/Simferopol
SA Eastern Standard Time|America/Cayenne|AQ=Antarctica/Rothera Antarctica/Palmer|BR=America/Fortaleza America/Belem America/Maceio America/Recife America/Santarem|FK=Atlantic/Stanley|GF=America/Cayenne|SR=America/Paramaribo|ZZ=Etc/GMT+3
SA Pacific Standard Time|America/Bogota|BR=America/Rio_Branco America/Eirunepe|CA=America/Atikokan|CO=America/Bogota|EC=America/Guayaquil|JM=America/Jamaica|KY=America/Cayman|PA=America/Panama|PE=America/Lima|ZZ=Etc/GMT+5
SA Western Standard Time|America/La_Paz|AG=America/Antigua|AI=America/Anguilla|AW=America/Aruba|BB=America/Barbados|BL=America/St_Barthelemy|BO=America/La_Paz|BQ=America/Kralendijk|BR=America/Manaus America/Boa_Vista America/Porto_Velho|CA=America/Blanc-Sablon|CW=America/Curacao|DM=America/Dominica|DO=America/Santo_Domingo|GD=America/Grenada|GP=America/Guadeloupe|GY=America/Guyana|KN=America/St_Kitts|LC=America/St_Lucia|MF=America/Marigot|MQ=America/Martinique|MS=America/Montserrat|PR=America/Puerto_Rico|SX=America/Lower_Princes|TT=America/Port_of_Spain|VC=America/St_Vincent|VG=America/Tortola|VI=America/St_Thomas|ZZ=Etc/GMT+4
Saint Pierre Standard Time|America/Miquelon|PM=America/Miquelon
Sakhalin Standard Time|Asia/Sakhalin|RU=Asia/Sakhalin
Samoa Standard Time|Pacific/Apia|WS=Pacific/Apia
Sao Tome Standard Time|Africa/Sao_Tome|ST=Africa/Sao_Tome
Saratov Standard Time|Europe/Saratov|RU=Europe/Saratov
SE Asia Standard Time|Asia/Bangkok|AQ=Antarctica/Davis|CX=Indian/Christmas|ID=Asia/Jakarta Asia/Pontianak|KH=Asia/Phnom_Penh|LA=Asia/Vientiane|TH=Asia/Bangkok|VN=Asia/Ho_Chi_Minh|ZZ=Etc/GMT-7
Singapore Standard Time|Asia/Singapore|BN=Asia/Brunei|ID=Asia/Makassar|MY=Asia/Kuala_Lumpur Asia/Kuching|PH=Asia/Manila|SG=Asia/Singapore|ZZ=Etc/GMT-8
South Africa Standard Time|Africa/Johannesburg|BI=Africa/Bujumbura|BW=Africa/Gaborone|CD=Africa/Lubumbashi|LS=Africa/Maseru|MW=Africa/Blantyre|MZ=Africa/Maputo|RW=Africa/Kigali|SZ=Africa/Mbabane|ZA=Africa/Johannesburg|ZM=Africa/Lusaka|ZW=Africa/Harare|ZZ=Etc/GMT-2
South Sudan Standard Time|Africa/Juba|SS=Africa/Juba
Sri Lanka Standard Time|Asia/Colombo|LK=Asia/Colombo
Sudan Standard Time|Africa/Khartoum|SD=Africa/Khartoum
Syria Standard Time|Asia/Damascus|SY=Asia/Damascus
Taipei Standard Time|Asia/Taipei|TW=Asia/Taipei
Tasmania Standard Time|Australia/Hobart|AU=Australia/Hobart Antarctica/Macquarie
Tocantins Standard Time|America/Araguaina|BR=America/Araguaina
Tokyo Standard Time|Asia/Tokyo|ID=Asia/Jayapura|JP=Asia/Tokyo|PW=Pacific/Palau|TL=Asia/Dili|ZZ=Etc/GMT-9
Tomsk Standard Time|Asia/Tomsk|RU=Asia/Tomsk
Tonga Standard Time|Pacific/Tongatapu|TO=Pacific/Tongatapu
Transbaikal Standard Time|Asia/Chita|RU=Asia/Chita
Turkey Standard Time|Europe/Istanbul|TR=Europe/Istanbul
Turks And Caicos Standard Time|America/Grand_Turk|TC=America/Grand_Turk
Ulaanbaatar Standard Time|Asia/Ulaanbaatar|MN=Asia/Ulaanbaatar
US Eastern Standard Time|America/Indiana/Indianapolis|US=America/Indiana/Indianapolis America/Indiana/Marengo America/Indiana/Vevay
US Mountain Standard Time|America/Phoenix|CA=America/Creston America/Dawson_Creek America/Fort_Nelson|MX=America/Hermosillo|US=America/Phoenix|ZZ=Etc/GMT+7
UTC|Etc/UTC|ZZ=Etc/UTC Etc/GMT
UTC-02|Etc/GMT+2|BR=America/Noronha|GS=Atlantic/South_Georgia|ZZ=Etc/GMT+2
UTC-08|Etc/GMT+8|PN=Pacific/Pitcairn|ZZ=Etc/GMT+8
UTC-09|Etc/GMT+9|PF=Pacific/Gambier|ZZ=Etc/GMT+9
UTC-11|Etc/GMT+11|AS=Pacific/Pago_Pago|NU=Pacific/Niue|UM=Pacific/Midway|ZZ=Etc/GMT+11
UTC+12|Etc/GMT-12|KI=Pacific/Tarawa|MH=Pacific/Majuro Pacific/Kwajalein|NR=Pacific/Nauru|TV=Pacific/Funafuti|UM=Pacific/Wake|WF=Pacific/Wallis|ZZ=Etc/GMT-12
UTC+13|Etc/GMT-13|KI=Pacific/Kanton|TK=Pacific/Fakaofo|ZZ=Etc/GMT-13
Venezuela Standard Time|America/Caracas|VE=America/Caracas
Vladivostok Standard Time|Asia/Vladivostok|RU=Asia/Vladivostok Asia/Ust-Nera
Volgograd Standard Time|Europe/Volgograd|RU=Europe/Volgograd
W. Australia Standard Time|Australia/Perth|AU=Australia/Perth
W. Central Africa Standard Time|Africa/Lagos|AO=Africa/Luanda|BJ=Africa/Porto-Novo|CD=Africa/Kinshasa|CF=Africa/Bangui|CG=Africa/Brazzaville|CM=Africa/Douala|DZ=Africa/Algiers|GA=Africa/Libreville|GQ=Africa/Malabo|NE=Africa/Niamey|NG=Africa/Lagos|TD=Africa/Ndjamena|TN=Africa/Tunis|ZZ=Etc/GMT-1
W. Europe Standard Time|Europe/Berlin|AD=Europe/Andorra|AT=Europe/Vienna|CH=Europe/Zurich|DE=Europe/Berlin Europe/Busingen|GI=Europe/Gibraltar|IT=Europe/Rome|LI=Europe/Vaduz|LU=Europe/Luxembourg|MC=Europe/Monaco|MT=Europe/Malta|NL=Europe/Amsterdam|NO=Europe/Oslo|SE=Europe/Stockholm|SJ=Arctic/Longyearbyen|SM=Europe/San_Marino|VA=Europe/Vatican
W. Mongolia Standard Time|Asia/Hovd|MN=Asia/Hovd
West Asia Standard Time|Asia/Tashkent|AQ=Antarctica/Mawson|KZ=Asia/Oral Asia/Almaty Asia/Aqtau Asia/Aqtobe Asia/Atyrau Asia/Qostanay|MV=Indian/Maldives|TF=Indian/Kerguelen|TJ=Asia/Dushanbe|TM=Asia/Ashgabat|UZ=Asia/Tashkent Asia/Samarkand|ZZ=Etc/GMT-5
West Bank Standard Time|Asia/Hebron|PS=Asia/Hebron Asia/Gaza
West Pacific Standard Time|Pacific/Port_Moresby|AQ=Antarctica/DumontDUrville|FM=Pacific/Chuuk|GU=Pacific/Guam|MP=Pacific/Saipan|PG=Pacific/Port_Moresby|ZZ=Etc/GMT-10
Yakutsk Standard Time|Asia/Yakutsk|RU=Asia/Yakutsk Asia/Khandyga
Yukon Standard Time|America/Whitehorse|CA=America/Whitehorse America/Dawson
`;

export const WINDOWS_ZONES: readonly WindowsZone[] = ROWS.trim().split('\n').map(readRow);

function readRow(row: string): WindowsZone {
  const [name = '', zone = '', ...parts] = row.split('|');
  const territories = parts.map((part) => part.split('=') as [string, string]).map(([code, zones]) => [code, zones.split(' ')]);
  return { name, zone, territories: Object.fromEntries(territories) };
}
