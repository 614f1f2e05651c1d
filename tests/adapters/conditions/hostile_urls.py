"""Addresses that must never be called: by what they look like, and by where they lead."""
# ruff: noqa: RUF001, S104  # odd spellings and odd addresses are what it is about

INSIDE = (
    "127.0.0.1", "127.0.0.2", "127.255.255.254", "127.1", "127.0.1", "0", "0.0.0.0", "0.0.0.1",
    "2130706433", "017700000001", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0177.0.0.1", "0177.1",
    "127.000.000.001", "127.0.0.1.", "①②⑦.⓪.⓪.①", "１２７.0.0.1", "127。0。0。1", "127．0．0．1",
    "٠١٢٧.0.0.1", "%31%32%37.0.0.1", "10.0.0.1", "10.255.255.255", "10.1", "167772161",
    "172.16.0.1", "172.31.255.254", "192.168.0.1", "192.168.1", "3232235521", "169.254.169.254",
    "169.254.1.1", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "100.64.0.1",
    "100.127.255.255", "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1", "192.88.99.1",
    "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.7", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255",
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[::ffff:10.0.0.1]", "[::ffff:169.254.169.254]",
    "[0:0:0:0:0:ffff:7f00:0001]", "[64:ff9b::7f00:1]", "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]",
    "[2002:a00:1::1]", "[2002:a9fe:a9fe::]", "[2002:c0a8:1::1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[2001:db8::1]", "[2001::1]", "[2001:10::1]", "[2001:20::1]", "[3fff::1]", "[5f00::1]",
    "[100::1]", "[100:0:0:1::1]", "[fc00::1]", "[fd00::1]", "[fd12:3456:789a::1]", "[fe80::1]",
    "[fe80::1%25eth0]", "[fe80::1%25lo]", "[fec0::1]", "[ff02::1]", "[ff0e::1]",
    "[2606:4700::5efe:7f00:1]", "[2606:4700::200:5efe:10.0.0.1]",
    "localhost", "LOCALHOST", "localhost.", "LocalHost.",
)  # fmt: skip
"""Hosts that lie inside some network, however they are spelt."""

BY_NAME = (
    "127.0.0.1", "10.0.0.7", "172.20.1.1", "192.168.7.7", "169.254.169.254", "100.100.100.200",
    "0.0.0.0", "192.0.0.8", "224.0.0.251", "255.255.255.255", "::1", "::", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fd00:ec2::254", "fe80::1%2", "ff02::fb",
)  # fmt: skip
"""Addresses that a harmless name may lead to."""

MALFORMED = (
    "", " ", "https://", "https:///path", "https://:443/", "//sender.example/", "sender.example",
    "/path", "https:sender.example", "https://user@sender.example/", "https://user:pw@sender.example/",
    "https://:pw@sender.example/", "https://@sender.example/", "https://sender.example@127.0.0.1/",
    "https://127.0.0.1:80@sender.example/", "https://sender.example%40127.0.0.1/",
    "https://sender.example\\@127.0.0.1/", "https://127.0.0.1\\.sender.example/",
    "https://sender.example:99999/", "https://sender.example:-1/", "https://sender.example:0/",
    "https://sender.example:abc/", "https://[::1/", "https://[::1]x/", "https://[v1.x]/",
    "https://sender example/", "https://127.0.0.1\t.sender.example/", "https://a\r\nb.example/",
    "https://sender.example\x00.evil/", "https://" + "a" * 300 + ".example/", "https://a..b/",
    "https://.sender.example/", "https://xn--/", "https://\ud800.example/", "https://*.example/",
)  # fmt: skip
"""Addresses of which nobody can be sure where they lead."""

OTHER_SCHEMES = (
    "http://sender.example/", "HTTP://sender.example/", "http://127.0.0.1/", "ftp://sender.example/",
    "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:11211/stats",
    "ws://127.0.0.1/", "wss://127.0.0.1/", "unix:///var/run/docker.sock", "data:application/json,{}",
    "javascript:alert(1)", "ldap://127.0.0.1/", "tel:+4799999999", "http+unix://%2Fvar%2Frun/x",
    "jar:https://sender.example!/", "netdoc:///etc/passwd", "https+insecure://sender.example/",
)  # fmt: skip
