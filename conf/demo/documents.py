"""Three made-up sources and what becomes of them in four steps.

Each source writes RSS in the manner of one that feedmill is shipped with.
STEPS is a list: what happens, and the documents of that step by name.
"""
import email.utils

HOUR = 3600
START = 1740988800              # Monday, 3 March 2025, 08:00 UTC

FOOTER = ('<br><hr><div>More feeds at feeds.demo.example: '
          '<a href="https://feeds.demo.example/">subscribe</a></div>')

HEAD = ('<?xml version="1.0" encoding="%s"?>\n<rss version="2.0"><channel>\n'
        '<title>%s</title>\n<link>%s</link>\n<description>%s</description>\n')


def date(hours):
    return email.utils.formatdate(START + int(hours * HOUR), usegmt=True)


def escape(text):
    return (text.replace('&', '&amp;').replace('<', '&lt;')
            .replace('>', '&gt;'))


def item(link, title, hours, body):
    return ('<item>\n<title>%s</title>\n<link>%s</link>\n'
            '<pubDate>%s</pubDate>\n<description>%s</description>\n</item>\n'
            % (escape(title), escape(link), date(hours), body))


def harbour(*stories):
    return (HEAD % ('utf-8', 'Harbour News', 'https://harbour.demo.example/',
                    'Ships, tides and council meetings') + ''.join(
        item(link, title, hours, escape('<p>%s</p>%s' % (body, FOOTER)))
        for link, title, hours, body in stories) +
        '</channel></rss>\n').encode()


def rivertown(*stories):
    return (HEAD % ('gb2312', '河口之声', 'https://rivertown.demo.example/',
                    '河口镇的新闻') + ''.join(
        item(link, title, hours, '<![CDATA[<p>%s</p>]]>' % body)
        for link, title, hours, body in stories) +
        '</channel></rss>\n').encode('gb18030')


def market(*stories, cut=0):
    whole = (HEAD % ('utf-8', '市场笔记', 'http://market.demo.example/',
                     '数字背后的故事') + ''.join(
        item('http://market.demo.example/%s?print=1' % slug, title, hours,
             escape('<div>%s</div>' % body))
        for slug, title, hours, body in stories) +
        '</channel></rss>\n').encode()
    return whole[:-cut] if cut else whole


LIGHTHOUSE = ['https://harbour.demo.example/2025/lighthouse',
              'The lighthouse gets a new lamp', 0,
              'After forty years the lamp on the north pier is replaced. The '
              'old one goes to the museum, next to the older one.']
FERRY = ['https://harbour.demo.example/2025/ferry?utm_source=rss',
         'Ferry timetable for spring', 1,
         'The first ferry leaves at six, the last when the captain is tired.']
STORM = ['https://harbour.demo.example/2025/storm', 'Storm expected on Friday',
         2, 'Gusts of up to 90 km/h; small boats should stay in port.']
GULLS = ['https://harbour.demo.example/2025/gulls',
         'Gulls win the chess tournament', 5,
         'The pieces are gone. The jury calls it a decisive end game.']

BRIDGE = ['https://rivertown.demo.example/a/101.html', '老石桥修缮完工', 0.5,
          '历时八个月，河口镇的老石桥重新开放，行人可以通过。']
LIBRARY = ['https://rivertown.demo.example/a/102.html', '图书馆延长开放时间',
           1.5, '从下月起，镇图书馆每天开放到晚上九点。']
TEA = ['https://rivertown.demo.example/a/103.html', '春茶节本周末举行', 4,
       '今年的春茶节有三十家茶农参加，门票免费。']

SALT = ['salt-prices', '盐价连续三周上涨', 0.2,
        '港口仓库的存货减少，盐价每袋上涨两角。']
COPPER = ['copper', '铜价回落', 2.2, '需求疲软，铜价回到去年的水平。']
RICE = ['rice', '大米期货为何平静', 6, '收成稳定，买家并不着急。']
GLASS = ['glass', '玻璃厂增产', 6.5, '新窑炉投产，产量增加三成。']
# Harbour's story as market links to it: another spelling, the same page.
ECHO = ['http://harbour.demo.example/2025/lighthouse/?utm_medium=feed#top',
        'The lighthouse gets a new lamp', 0.7, 'Seen at Harbour News.']


def changed(story, **what):
    names = ['link', 'title', 'hours', 'body']
    return [what.get(n, old) for n, old in zip(names, story)]


def market_with_echo(*stories):
    own = market(*stories)
    return own.replace(b'</channel>', item(
        ECHO[0], ECHO[1], ECHO[2], escape(ECHO[3])).encode() + b'</channel>')


LONGER = changed(STORM, hours=6, title='Storm now expected on Thursday',
                 body='It comes a day early: gusts of up to 110 km/h from '
                 'Thursday noon; all boats should stay in port.')
TYPO = changed(LIBRARY, body='从下月起，镇图书馆每天开放到晚上十点。')
ERROR_PAGE = (b'<!DOCTYPE html><html><head><title>502 Bad Gateway</title>'
              b'</head><body><h1>Please try again</h1></body></html>')

STEPS = [
    ('Monday morning: everything is new', {
        'harbour.xml': harbour(FERRY, LIGHTHOUSE),
        'rivertown.xml': rivertown(LIBRARY, BRIDGE),
        'market.xml': market_with_echo(SALT)}),
    ('Some news, and the old stories once more: one with a new date, one '
     'quietly corrected', {
        'harbour.xml': harbour(STORM, FERRY, changed(LIGHTHOUSE, hours=3)),
        'rivertown.xml': rivertown(TEA, TYPO, BRIDGE),
        'market.xml': market(COPPER, SALT)}),
    ('A story is revised, and one document breaks off in its last item', {
        'harbour.xml': harbour(GULLS, LONGER, FERRY),
        'rivertown.xml': rivertown(TEA, TYPO, BRIDGE),
        'market.xml': market(RICE, COPPER, SALT, GLASS, cut=120)}),
    ('It is whole again; another source shows an error page', {
        'harbour.xml': ERROR_PAGE,
        'rivertown.xml': rivertown(TEA, TYPO, BRIDGE),
        'market.xml': market(RICE, COPPER, SALT, GLASS)}),
]
