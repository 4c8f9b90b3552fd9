"""Evolution Data Server, told what to do by lines of JSON on standard input; each is answered by one on standard output.

Usage: dbus-run-session -- /usr/bin/python3 evolution.py URL USER PASSWORD
It adds a collection account as Evolution's and GNOME's dialogs do, and then works on its calendars, task lists and address books.
"""
import json
import sys
import threading

import gi

for name, version in {"EDataServer": "1.2", "ECal": "2.0", "EBook": "1.2", "EBookContacts": "1.2", "ICalGLib": "3.0"}.items():
    gi.require_version(name, version)
from gi.repository import EBook, EBookContacts, ECal, EDataServer, GLib, ICalGLib  # noqa: E402

KINDS = {
    "calendar": (EDataServer.SOURCE_EXTENSION_CALENDAR, ECal.ClientSourceType.EVENTS),
    "tasks": (EDataServer.SOURCE_EXTENSION_TASK_LIST, ECal.ClientSourceType.TASKS),
    "memos": (EDataServer.SOURCE_EXTENSION_MEMO_LIST, ECal.ClientSourceType.MEMOS),
    "book": (EDataServer.SOURCE_EXTENSION_ADDRESS_BOOK, None),
}
CONNECT_SECONDS = 60
url, user, password = sys.argv[1:4]
registry = EDataServer.SourceRegistry.new_sync(None)
account = EDataServer.Source.new(None, None)
clients = {}


def give_password(_registry, source, *_why):
    """What Evolution's password dialog does."""
    credentials = EDataServer.NamedParameters.new()
    credentials.set(EDataServer.SOURCE_CREDENTIAL_USERNAME, user)
    credentials.set(EDataServer.SOURCE_CREDENTIAL_PASSWORD, password)
    source.invoke_authenticate(credentials, None, lambda given, result: given.invoke_authenticate_finish(result))


def add_account():
    account.set_display_name("Gateway")
    collection = account.get_extension(EDataServer.SOURCE_EXTENSION_COLLECTION)
    collection.set_backend_name("webdav")
    collection.set_identity(user)
    collection.set_calendar_url(url)
    collection.set_contacts_url(url)
    authentication = account.get_extension(EDataServer.SOURCE_EXTENSION_AUTHENTICATION)
    authentication.set_user(user)
    registry.commit_source_sync(account, None)


def discover(supports):
    credentials = EDataServer.NamedParameters.new()
    credentials.set(EDataServer.SOURCE_CREDENTIAL_PASSWORD, password)
    only = {"caldav": EDataServer.WebDAVDiscoverSupports.EVENTS, "carddav": EDataServer.WebDAVDiscoverSupports.CONTACTS}
    found = EDataServer.webdav_discover_sources_sync(account, url, int(only[supports]), credentials, None)
    return [[each.display_name, each.href] for each in found[3]]


def sources():
    """[kind, name, path] of everything that the account brought."""
    found = []
    for kind, (extension, _) in KINDS.items():
        for source in registry.list_sources(extension):
            if source.get_parent() == account.get_uid():
                path = source.get_extension(EDataServer.SOURCE_EXTENSION_WEBDAV_BACKEND).get_property("resource-path")
                found.append([kind, source.get_display_name(), path])
    return sorted(found)


def client_of(kind):
    """The client of the account's first source of a kind, connected, its data in step with the server."""
    if kind not in clients:
        extension, type_ = KINDS[kind]
        source = next(each for each in registry.list_sources(extension) if each.get_parent() == account.get_uid())
        connect = EBook.BookClient.connect_sync if type_ is None else ECal.Client.connect_sync
        rest = [source] + ([] if type_ is None else [type_]) + [CONNECT_SECONDS, None]
        clients[kind] = connect(*rest)
    return clients[kind]


def items(kind):
    """[UID, title] of everything that is there."""
    client = client_of(kind)
    if kind == "book":
        cards = client.get_contacts_sync('(contains "x-evolution-any-field" "")', None)[1]
        return sorted([card.get_property("id"), card.get_property("full-name")] for card in cards)
    return sorted([each.get_uid(), each.get_summary()] for each in client.get_object_list_sync("#t", None)[1])


def refresh(kind):
    client_of(kind).refresh_sync(None)


def add(kind, text):
    client = client_of(kind)
    if kind == "book":
        return client.add_contact_sync(EBookContacts.Contact.new_from_vcard(text), 0, None)[1]
    return client.create_object_sync(ICalGLib.Component.new_from_string(text), 0, None)[1]


def rename(kind, uid, title):
    client = client_of(kind)
    if kind == "book":
        card = client.get_contact_sync(uid, None)[1]
        card.set_property("full-name", title)
        return client.modify_contact_sync(card, 0, None)
    component = client.get_object_sync(uid, None, None)[1]
    component.set_summary(title)
    return client.modify_object_sync(component, ECal.ObjModType.ALL, 0, None)


def change_one(text):
    """One instance of a series; the text is the component with its RECURRENCE-ID."""
    component = ICalGLib.Component.new_from_string(text)
    client_of("calendar").modify_object_sync(component, ECal.ObjModType.THIS, 0, None)


def remove(kind, uid):
    client = client_of(kind)
    if kind == "book":
        return client.remove_contact_by_uid_sync(uid, 0, None)
    return client.remove_object_sync(uid, None, ECal.ObjModType.ALL, 0, None)


COMMANDS = [add_account, discover, sources, items, refresh, add, rename, change_one, remove]
loop = GLib.MainLoop()
registry.connect("credentials-required", give_password)
threading.Thread(target=loop.run, daemon=True).start()
for line in sys.stdin:
    name, *arguments = json.loads(line)
    command = next(each for each in COMMANDS if each.__name__ == name)
    try:
        answer = {"value": command(*arguments)}
    except Exception as error:  # told to the test, which decides
        answer = {"error": f"{name}: {error}"}
    print(json.dumps(answer), flush=True)
