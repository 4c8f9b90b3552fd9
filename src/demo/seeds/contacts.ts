import { fold, type SeedResource } from './calendar.js';
import { PORTRAITS } from './pictures.js';

/** name -> lines of a card; UID, version and the frame are added. */
type Cards = Readonly<Record<string, string>>;

const alice3: Cards = {
  'carol-jensen': `N:Jensen;Carol;;;
FN:Carol Jensen
ORG:Harbour Growers;Field technology
TITLE:Head of field technology
EMAIL;TYPE=INTERNET,WORK,PREF:carol.jensen@harbour.example
TEL;TYPE=WORK,VOICE:+49 30 5550 101
TEL;TYPE=CELL,VOICE,PREF:+49 171 555 0101
ADR;TYPE=WORK:;Pier 4;Hafenstraße 12;Hamburg;;20457;Germany
URL;TYPE=WORK:https://harbour.example
BDAY:1979-04-17
CATEGORIES:Work,Orchard
PHOTO;ENCODING=b;TYPE=JPEG:${PORTRAITS.carol}`,
  'dave-okafor': `N:Okafor;Dave;Chidi;;
FN:Dave Okafor
NICKNAME:Dav
EMAIL;TYPE=INTERNET,HOME:dave@okafor.example
TEL;TYPE=CELL:+44 7700 900123
BDAY:1988-02-29
NOTE:Pumps\\, mostly. Allergic to nuts.\\nAsk about the goats.
PHOTO;ENCODING=b;TYPE=JPEG:${PORTRAITS.dave}`,
  'elif-yilmaz': `N:Yılmaz;Elif;;;
FN:Elif Yılmaz
EMAIL;TYPE=INTERNET,HOME:elif@yilmaz.example
TEL;TYPE=CELL:+90 532 555 0147
item1.ADR;TYPE=HOME:;;Moda Caddesi 18;Kadıköy / İstanbul;;34710;Türkiye
item1.X-ABADR:tr
item2.X-ABRELATEDNAMES:Deniz
item2.X-ABLabel:_$!<Spouse>!$_`,
  'bob-lindqvist': `N:Lindqvist;Bob;;;
FN:Bob Lindqvist
EMAIL;TYPE=INTERNET,WORK:bob@example.test
TEL;TYPE=WORK,VOICE:+46 8 555 012 34
ORG:Harbour Growers
IMPP;X-SERVICE-TYPE=Jabber;TYPE=WORK:xmpp:bob@example.test
CATEGORIES:Work`,
  'taro-yamada': `N:山田;太郎;;;
FN:山田 太郎
X-PHONETIC-LAST-NAME:やまだ
X-PHONETIC-FIRST-NAME:たろう
EMAIL;TYPE=INTERNET,WORK:taro@yamada.example
TEL;TYPE=WORK:+81 3 5550 0199
ORG:山田ポンプ株式会社`,
  'amelie-dufrene': `N:Dufrêne;Amélie;;Mme;
FN:Amélie Dufrêne
EMAIL;TYPE=INTERNET,WORK:amelie@dufrene.example
TEL;TYPE=WORK:+33 1 55 55 01 42
ADR;TYPE=WORK:;;8\\, rue du Port;Honfleur;;14600;France`,
  'juergen-muessig': `N:Müßig;Jürgen;;Dr.;LL.M.
FN:Dr. Jürgen Müßig LL.M.
EMAIL;TYPE=INTERNET,WORK:j.muessig@notar.example
TEL;TYPE=WORK:+49 89 5550 188
TEL;TYPE=FAX,WORK:+49 89 5550 189`,
  'oleg-ivanov': `N:Иванов;Олег;Петрович;;
FN:Олег Иванов
EMAIL;TYPE=INTERNET,HOME:oleg@ivanov.example
TEL;TYPE=CELL:+7 916 555-01-77`,
  'grace-hill': `N:Hill;Grace;;;
FN:Grace Hill
EMAIL;TYPE=INTERNET,HOME:grace@hill.example
TEL;TYPE=HOME:+1 212 555 0163
ADR;TYPE=HOME:;Apt 5B;410 West End Ave;New York;NY;10024;USA
X-ANNIVERSARY:2011-09-10
CATEGORIES:Private,Books`,
  'water-board': `N:;;;;
FN:Water Board
ORG:Water Board
X-ABSHOWAS:COMPANY
TEL;TYPE=WORK,VOICE:115
TEL;TYPE=WORK,VOICE:+49 30 5550 115
URL:https://water.example`,
};

/** Some apps write version 4.0 (RFC 6350). */
const alice4: Cards = {
  'noa-levi': `N:לוי;נועה;;;
FN:נועה לוי
EMAIL;TYPE=home:noa@levi.example
TEL;VALUE=uri;TYPE="cell,voice";PREF=1:tel:+972-54-555-0182
LANG:he
GENDER:F`,
  'fang-wang': `N:王;芳;;;
FN:王芳
EMAIL;TYPE=work:fang@wang.example
ORG:西湖仪器
BDAY:--0512`,
};

const bob3: Cards = {
  'alice-marten': `N:Marten;Alice;;;
FN:Alice Marten
EMAIL;TYPE=INTERNET,WORK:alice@example.test
TEL;TYPE=CELL:+49 171 555 0199
ORG:Harbour Growers`,
  'carol-jensen': `N:Jensen;Carol;;;
FN:Carol Jensen
EMAIL;TYPE=INTERNET,WORK:carol.jensen@harbour.example
PHOTO;ENCODING=b;TYPE=JPEG:${PORTRAITS.carol}`,
};

export function aliceContacts(): SeedResource[] {
  return [...cards('3.0', alice3), ...cards('4.0', alice4)];
}

export function bobContacts(): SeedResource[] {
  return cards('3.0', bob3);
}

function cards(version: '3.0' | '4.0', table: Cards): SeedResource[] {
  return Object.entries(table).map(([name, lines]) => ({
    name: `${name}.vcf`,
    text: fold(`BEGIN:VCARD\nVERSION:${version}\nUID:${name}@demo.example.test\n${lines}\nEND:VCARD\n`),
  }));
}
