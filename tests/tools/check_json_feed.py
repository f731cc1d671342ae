"""JSON Feed 1.1 by its published rules (jsonfeed.org/version/1.1).
complaints(bytes) is a list; empty is valid."""
import datetime
import json
import re
import sys

URL = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|\\^`\x7f]+$')
MEDIA = re.compile(r'[^\s/;]+/[^\s/;]+$')
LANGUAGE = re.compile(r'[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$')
DATE = re.compile(r'(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?'
                  r'(Z|[+-]\d\d:\d\d)$')


def is_text(v):
    return None if isinstance(v, str) else 'is no string'


def is_filled(v):
    return None if isinstance(v, str) and v else 'is no text'


def is_url(v):
    return None if isinstance(v, str) and URL.match(v) else \
        '%r is no URL' % (v,)


def is_date(v):
    m = DATE.match(v) if isinstance(v, str) else None
    try:
        datetime.datetime.strptime(m[1], '%Y-%m-%dT%H:%M:%S')
    except (TypeError, ValueError):
        return '%r is no date of RFC 3339' % (v,)
    return None


def is_number(v):
    return None if isinstance(v, (int, float)) and not isinstance(v, bool) \
        and v >= 0 else 'is no number'


def is_bool(v):
    return None if isinstance(v, bool) else 'is neither true nor false'


def is_media(v):
    return None if isinstance(v, str) and MEDIA.match(v) else \
        '%r is no media type' % (v,)


def is_language(v):
    return None if isinstance(v, str) and LANGUAGE.match(v) else \
        '%r is no language' % (v,)


def texts(v):
    return None if isinstance(v, list) and all(
        isinstance(t, str) and t for t in v) else 'is no list of texts'


AUTHOR = {'name': is_filled, 'url': is_url, 'avatar': is_url}
ATTACHMENT = {'url': is_url, 'mime_type': is_media, 'title': is_text,
              'size_in_bytes': is_number, 'duration_in_seconds': is_number}
HUB = {'type': is_filled, 'url': is_url}
ITEM = {'id': is_filled, 'url': is_url, 'external_url': is_url,
        'title': is_text, 'content_html': is_text, 'content_text': is_text,
        'summary': is_text, 'image': is_url, 'banner_image': is_url,
        'date_published': is_date, 'date_modified': is_date,
        'authors': [AUTHOR, ()], 'tags': texts, 'language': is_language,
        'attachments': [ATTACHMENT, ('url', 'mime_type')]}
FEED = {'version': is_url, 'title': is_text, 'home_page_url': is_url,
        'feed_url': is_url, 'description': is_text,
        'user_comment': is_text, 'next_url': is_url, 'icon': is_url,
        'favicon': is_url, 'authors': [AUTHOR, ()],
        'language': is_language, 'expired': is_bool,
        'hubs': [HUB, ('type', 'url')], 'items': [ITEM, ('id',)]}


def check(o, rules, required, where, say):
    if not isinstance(o, dict):
        return say(where, 'is no object')
    for key in required:
        if key not in o:
            say(where, 'has no ' + key)
    for key, value in o.items():
        at = '%s.%s' % (where, key)
        if key.startswith('_'):
            if not isinstance(value, dict) or '.' in key:
                say(at, 'is no extension')
        elif key not in rules:
            say(at, 'is not in the specification')
        elif isinstance(rules[key], list):
            if not isinstance(value, list):
                say(at, 'is no list')
                continue
            for i, v in enumerate(value):
                check(v, *rules[key], '%s[%d]' % (at, i), say)
        elif rules[key](value):
            say(at, rules[key](value))


def complaints(data):
    found = []

    def say(where, what):
        found.append('%s: %s' % (where, what))

    try:
        feed = json.loads(data.decode('utf-8'), object_pairs_hook=once(say))
    except ValueError as e:
        return [str(e)]
    check(feed, FEED, ('version', 'title', 'items'), 'feed', say)
    if not isinstance(feed, dict):
        return found
    if feed.get('version') != 'https://jsonfeed.org/version/1.1':
        say('feed', 'version %r' % feed.get('version'))
    items = [i for i in feed.get('items', []) if isinstance(i, dict)]
    for i in items:
        if not {'content_html', 'content_text'} & set(i):
            say(i.get('id'), 'has no content')
        for author in i.get('authors', ()):
            if not set(AUTHOR) & set(author):
                say(i.get('id'), 'an author without a name')
    ids = [i.get('id') for i in items]
    if len(set(map(str, ids))) < len(ids):
        say('feed', 'two items with one id')
    return found


def once(say):
    def build(pairs):
        if len({k for k, _ in pairs}) < len(pairs):
            say('feed', 'a key is there twice')
        return dict(pairs)
    return build


if __name__ == '__main__':
    found = complaints(open(sys.argv[1], 'rb').read())
    print('\n'.join(found))
    sys.exit(1 if found else 0)
