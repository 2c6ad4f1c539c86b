# SPDX-License-Identifier: GPL-2.0-only
# Speaks the remote protocol by hand, wrong on purpose. TARRY_SEED chooses the random packets.
import os, random, socket, sys

path = sys.argv[1]
bad = 0


class Connection:
    def __init__(self):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(10)
        self.s.connect(path)
        self.buf = b""

    def byte(self):
        if not self.buf:
            self.buf = self.s.recv(65536)
            if not self.buf:
                raise EOFError
        b, self.buf = self.buf[:1], self.buf[1:]
        return b

    def frame(self, data):
        data = data.encode("latin-1") if isinstance(data, str) else data
        out = b"".join(b"}" + bytes([c ^ 0x20]) if c in b"$#}*" else bytes([c]) for c in data)
        return b"$" + out + b"#%02x" % (sum(out) & 255)

    def send(self, raw):
        self.s.sendall(raw)

    def answer(self):
        while (b := self.byte()) != b"$":
            if b == b"-":
                return "-"
        data = b""
        while (b := self.byte()) != b"#":
            data += b
        self.byte(), self.byte()
        return data.decode("latin-1")

    def ask(self, data):
        self.send(self.frame(data))
        r = self.answer()
        self.send(b"+")
        return r


def check(name, got, want):
    global bad
    if (want(got) if callable(want) else got == want) is not True:
        print("not ok -", name, "got", repr(got))
        bad = 1


c = Connection()
check("supported", c.ask("qSupported:swbreak+"), lambda r: "PacketSize=" in r and "qXfer:features:read+" in r)
check("stop reason", c.ask("?"), lambda r: r.startswith("T05"))
check("wrong checksum", (c.send(b"$?#00"), c.answer())[1], "-")
check("checksum that is none", (c.send(b"$?#zz"), c.answer())[1], "-")
check("sent again", (c.send(c.frame("?")), c.answer(), c.send(b"-"), c.answer())[3], lambda r: r.startswith("T05"))
check("a packet in a packet", (c.send(b"$m80200000,4$?#3f"), c.answer())[1], lambda r: r.startswith("T05"))
check("too long", (c.send(c.frame("m" + "0" * 40000)), c.answer())[1], "-")
for p in ["m", "m,", "m1", "m1,", "m80200000", "mzz,4", "m80200000,4x", "M80200000,4:00", "M80200000,2:zzzz", "M", "X", "X1,1",
          "X80200000,5:ab", "G", "Gzz", "P", "P1", "P1=", "P1=z", "p", "pz", "pffffffffffffffff", "Z", "Z0", "Z0,", "Z0,1", "z",
          "vCont;", "vCont;x", "qXfer:features:read:target.xml:", "qXfer:features:read:target.xml:fffffff,1",
          "qXfer:features:read:x.xml:0,1", "qRcmd,1", "qRcmd,zz", "qRcmd,00", "Z0,10,0", "Z2,80200000,7fffffffffffffff"]:
    check(p, c.ask(p), lambda r: r.startswith("E"))
for p in ["", "Z7,80200000,4", "vMustReplyEmpty", "qFoo", "Qbar", "!", "\x00", "b", "i", "_"]:
    check(p, c.ask(p), "")
check("memory", c.ask("m80200000,8"), "7310401073100014")
old = c.ask("m80200100,5")
check("write", c.ask("M80200100,2:abcd"), "OK")
check("binary write", c.ask(b"X80200102,3:\x00}#"), "OK")
check("read back", c.ask("m80200100,5"), "abcd007d23")
check("devices are not read", c.ask("m10000000,1"), "E14")
check("beyond RAM", c.ask("m8ffffffc,8"), "E14")
check("many points", [c.ask("Z0,%x,2" % (0x80300000 + 2 * i)) for i in range(256)][-1], "OK")
check("too many points", c.ask("Z0,80300800,2"), "E0e")
for i in range(256):
    c.ask("z0,%x,2" % (0x80300000 + 2 * i))

d = Connection()  # a second debugger is turned away
try:
    d.send(d.frame("?"))
    got = d.s.recv(100)
except (EOFError, ConnectionError):
    got = b""
check("second connection", got, b"")
check("the first goes on", c.ask("?"), lambda r: r.startswith("T05"))

seed = int(os.environ.get("TARRY_SEED") or random.randrange(1 << 30))
rng = random.Random(seed)
words = ["m", "M", "X", "g", "p", "P", "Z0,", "z2,", "q", "qSupported", "qXfer:features:read:target.xml:0,", "H", "v", "?", "vCont",
         "80200000", ",4", ":", "=", "00", "ff", "}", "#", "$", "*", "\x00", "qRcmd,", "68656c70", ";", "s", "-1"]
for _ in range(3000):
    p = "".join(rng.choice(words) for _ in range(rng.randrange(8)))
    if rng.random() < 0.3:
        p += "".join(chr(rng.randrange(256)) for _ in range(rng.randrange(20)))
    if p[:1] in ("D", "k", "c", "C", "s", "S", "G", "P", "M", "X", "Q", "b", "R") or "vK" in p or "vCont;" in p:
        continue
    try:
        raw = c.frame(p)
        if rng.random() < 0.1:
            raw = raw[: rng.randrange(len(raw) + 1)] + b"$?#3f"
        c.send(raw)
        while (r := c.answer()).startswith("O") and r != "OK":
            pass
    except Exception as e:
        print("not ok - random packets, seed", seed, "packet", repr(p), e)
        sys.exit(1)
while True:  # answers that are still on their way
    c.s.settimeout(0.3)
    try:
        if not c.s.recv(65536):
            break
    except TimeoutError:
        break
c.s.settimeout(10)
c.buf = b""
for i in range(64):
    c.ask("z%d,80200000,4" % (i % 5))
check("no-ack mode", c.ask("QStartNoAckMode"), "OK")
c.send(c.frame("?"))
check("no ack", c.byte(), b"$")
while c.byte() != b"#":
    pass
c.byte(), c.byte()
c.send(c.frame("M80200100,5:" + old))
check("write without an acknowledgement", c.answer(), "OK")
c.s.close()

for i in range(50):  # the connection was lost: another may come, however soon
    e = Connection()
    check("another debugger", e.ask("?"), lambda r: r.startswith("T05"))
    e.send(e.frame("m80200000,4") * 20)  # work that is left when it goes
    if i < 49:
        e.s.close()
for i in range(20):
    e.answer()
e.send(e.frame("D"))
check("detach", e.answer(), "OK")
print("all well" if not bad else "failed", "seed", seed)
