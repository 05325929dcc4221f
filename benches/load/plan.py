"""Prepares the load: distinct valid pixel requests, as a browser with the tracker sends them.

Writes one request per line: the target, a tab, the number of the head (see HEADS) that goes with it. The same seed gives
the same requests, so that runs can be compared.
"""
import random
import urllib.parse

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
ID_CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789~_"
# 2026-01-01T00:00:00Z
START_MS = 1767225600000

USER_AGENTS = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
    "Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.71 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 "
    "Edg/126.0.2592.68",
    "Mozilla/5.0 (iPad; CPU OS 16_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/16.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 13; SM-S901B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/25.0 Chrome/121.0.0.0 "
    "Mobile Safari/537.36",
]

HEADS = [
    "Host: collector.example.com\r\n"
    "Connection: keep-alive\r\n"
    f"User-Agent: {agent}\r\n"
    "Accept: image/*,*/*;q=0.8\r\n"
    "Accept-Encoding: gzip, deflate, br\r\n"
    "Accept-Language: en-GB\r\n"
    for agent in USER_AGENTS
]

SCREENS = [(1920, 1080, 1), (1440, 900, 2), (390, 844, 3), (412, 915, 3), (2560, 1440, 1), (820, 1180, 2)]
WORDS = "red blue green small large cotton wool summer winter shirt shoe hat bag coat sock belt scarf glove".split()


def murmur3_32(data, seed=0):
    """MurmurHash3 x86 32-bit."""
    mask = 0xFFFFFFFF

    def mix(word):
        word = word * 0xCC9E2D51 & mask
        word = (word << 15 | word >> 17) & mask
        return word * 0x1B873593 & mask

    value = seed
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        value ^= mix(int.from_bytes(data[at : at + 4], "little"))
        value = (value << 13 | value >> 19) & mask
        value = (value * 5 + 0xE6546B64) & mask
    if whole != len(data):
        value ^= mix(int.from_bytes(data[whole:], "little"))
    value ^= len(data)
    value = (value ^ value >> 16) * 0x85EBCA6B & mask
    value = (value ^ value >> 13) * 0xC2B2AE35 & mask
    return value ^ value >> 16


def base36(number):
    """A number as the tracker writes it."""
    if number < 0:
        return "-" + base36(-number)
    text = DIGITS[number % 36]
    while number >= 36:
        number //= 36
        text = DIGITS[number % 36] + text
    return text


def checksum(parameters):
    """The `x` of decoded parameters: names sorted, signed, in base 36."""
    canonical = "".join(f"{name}={value},;" for name, value in sorted(parameters))
    value = murmur3_32(canonical.encode())
    return base36(value - (1 << 32) if value >= 1 << 31 else value)


def targets(count, seed=1):
    """Targets of distinct events: visitors with sessions, page views, and events on some of them."""
    rng = random.Random(seed)

    def unique():
        return "".join(rng.choices(ID_CHARACTERS, k=32))

    made = 0
    while made < count:
        time = START_MS + rng.randrange(10**9)
        party, session = f"0:{base36(time)}:{unique()}", f"0:{base36(time + 60)}:{unique()}"
        width, height, ratio = rng.choice(SCREENS)
        agent = rng.randrange(len(HEADS))
        referrer = "https://www.example.org/search?q=" + "+".join(rng.choices(WORDS, k=2)) if rng.random() < 0.3 else None
        for page in range(rng.randint(1, 8)):
            view = f"0:{unique()}"
            words = rng.choices(WORDS, k=3)
            location = f"https://shop.example.com/{words[0]}/{'-'.join(words)}-{rng.randrange(10**6)}.html"
            if rng.random() < 0.3:
                location += f"?utm_source=news&utm_campaign={words[1]}"
            for event in range(rng.choice((1, 1, 2, 3))):
                time += rng.randint(1, 20_000)
                parameters = [
                    ("p", party), ("s", session), ("v", view), ("e", f"{view}{event}"), ("c", base36(time)),
                    ("n", "t" if page == 0 and event == 0 else "f"), ("f", "t" if page == 0 and event == 0 else "f"),
                    ("l", location), ("i", base36(width)), ("j", base36(height)), ("k", str(ratio)),
                    ("w", base36(width - 15)), ("h", base36(height - 120)),
                ]
                if referrer:
                    parameters.insert(8, ("r", referrer))
                if event == 0:
                    parameters.append(("t", "pageView"))
                else:
                    parameters.append(("t", "addToBasket"))
                    parameters.append(("u", f"(ssku!{words[2]}_{rng.randrange(9999)}!dcount!{rng.randint(1, 9)}!)"))
                parameters.append(("x", checksum(parameters)))
                quote = urllib.parse.quote
                query = "&".join(f"{name}={quote(value, safe='!()*~')}" for name, value in parameters)
                yield f"/csc-event?{query}", agent
                made += 1
                if made == count:
                    return
            referrer = location


def write(path, count):
    """Writes the plan; gives the mean length of a whole head in bytes."""
    total = 0
    with open(path, "w", encoding="ascii") as file:
        for target, agent in targets(count):
            file.write(f"{target}\t{agent + 1}\n")
            total += len(f"GET {target} HTTP/1.1\r\n{HEADS[agent]}\r\n")
    return total / count


def write_heads(path):
    """Writes the heads for wrk's script: one per line, line ends as `|`, which no header has."""
    with open(path, "w", encoding="ascii") as file:
        for head in HEADS:
            file.write(head.replace("\r\n", "|") + "\n")


# Known checksums; a plan whose checksums are wrong would measure the wrong path.
assert murmur3_32(b"") == 0 and murmur3_32(b"a") == 0x3C2569B2 and murmur3_32(b"hello") == 0x248BFA47
assert checksum([("t", "sentinelEvent")] + [
    ("p", "0:i1t84hgy:party"), ("s", "0:i1t84hgy:session"), ("v", "0:pageView"), ("e", "0:eventId"), ("c", "i1t8q2b6"),
    ("n", "f"), ("f", "f"), ("l", "http://localhost:8290/"), ("i", "1ak"), ("j", "sj"), ("k", "2"), ("w", "uq"), ("h", "qd"),
]) == "-y99lem"
