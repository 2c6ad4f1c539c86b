#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""tarry shell on a terminal: prompt, editing, pipes, ctrl-C to the program, ctrl-A x to leave."""
import os
import pty
import select
import signal
import subprocess
import sys
import tempfile
import termios
import time

BUILD = os.path.abspath(os.environ.get("BUILD", "build"))
TARRY = f"{BUILD}/tarry"
count = 0


def ok(passed, name, detail=""):
    global count
    count += 1
    print(f"{'ok' if passed else 'not ok'} {count} - {name}", flush=True)
    if not passed:
        print("# " + repr(detail), flush=True)


class Session:
    """A program on a pseudo-terminal of its own."""

    def __init__(self, *args):
        self.master, slave = pty.openpty()
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        self.process = subprocess.Popen([TARRY, *args], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                        preexec_fn=lambda: __import__("fcntl").ioctl(0, termios.TIOCSCTTY, 0))
        self.seen = b""

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, text, seconds=30):
        """Waits for text, after what was expected before. Returns whether it came."""
        end = time.monotonic() + seconds
        while text.encode() not in self.seen:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                return False
            try:
                self.seen += os.read(self.master, 65536)
            except OSError:
                return text.encode() in self.seen
        self.seen = self.seen.split(text.encode(), 1)[1]
        return True

    def status(self, seconds=30):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return None

    def restored(self):
        return termios.tcgetattr(self.slave) == self.before


def command(s, line, answer, name):
    s.type(line + "\r")
    ok(s.expect(line), name + ": is echoed", s.seen)
    ok(s.expect(answer), name + ": answer", s.seen)
    ok(s.expect("tarry$ "), name + ": prompt again", s.seen)


def begin(s, line):
    """Starts a program and gives it time to run."""
    s.type(f"echo go; {line}\r")
    ok(s.expect("\r\ngo\r\n"), f"{line.split()[0]} begins", s.seen)
    time.sleep(0.5)


with tempfile.TemporaryDirectory() as work:
    os.chdir(work)
    s = Session("shell", "-o", "s.db")
    ok(s.expect("tarry$ "), "prompt", s.seen)
    command(s, "echo one two | wc -w", "2", "pipe")
    command(s, "echo kept >/x; cat /x", "kept", "redirection")
    s.type("echo wronh\x7fg\r")
    ok(s.expect("\r\nwrong\r\n"), "backspace", s.seen)
    s.type("garbage\x15echo clean\r")
    ok(s.expect("\r\nclean\r\n"), "ctrl-U", s.seen)
    ok(s.expect("tarry$ "), "prompt again", s.seen)
    begin(s, "spin 1000000000")
    s.type("\x03")
    ok(s.expect("tarry$ "), "ctrl-C ends the program, not the shell", s.seen)
    begin(s, "cat")
    s.type("\x03")
    ok(s.expect("tarry$ "), "ctrl-C ends a program that waits for input", s.seen)
    command(s, "echo still here", "\r\nstill here\r\n", "the shell lives on")
    s.type("cat\rechoed\r")
    ok(s.expect("\r\nechoed\r\nechoed\r\n"), "a program reads lines from the terminal", s.seen)
    s.type("\x04")
    ok(s.expect("tarry$ "), "ctrl-D ends its input", s.seen)
    s.type("exit 3\r")
    ok(s.status() == 3, "exit status", s.seen)
    ok(s.restored(), "the terminal is as it was")
    facts = subprocess.run([TARRY, "query", "s.db", "--format", "csv", "select complete, stop_reason from run"],
                           capture_output=True, text=True).stdout.split()
    ok(facts[-1:] == ["1,exit"], "the session's trace is complete", facts)

    s = Session("shell", "-o", "s.db")
    ok(s.expect("tarry$ "), "prompt", s.seen)
    s.type("\x01x")
    ok(s.status() == 130, "ctrl-A x leaves", s.seen)
    ok(s.restored(), "the terminal is as it was")
    s = Session("shell", "-o", "s.db")
    ok(s.expect("tarry$ "), "prompt", s.seen)
    begin(s, "spin 1000000000")
    s.type("\x01x")
    ok(s.status() == 130, "ctrl-A x leaves while a program runs", s.seen)

    s = Session("run", "-o", "r.db", "spin", "1000000000")
    time.sleep(1)
    s.type("\x03")
    ok(s.status() == 130, "ctrl-C ends tarry run", s.seen)
    ok(s.restored(), "the terminal is as it was")
    facts = subprocess.run([TARRY, "query", "r.db", "--format", "csv", "select complete, stop_reason from run"],
                           capture_output=True, text=True).stdout.split()
    ok(facts[-1:] == ["1,interrupted"], "its trace is complete and says so", facts)

    p = subprocess.run([TARRY, "shell", "-o", "p.db"], input=b"echo from a pipe\n", capture_output=True, timeout=60)
    ok(p.stdout == b"from a pipe\n" and p.returncode == 0, "commands from a pipe, which ends: no prompt, no echo", p)
    p = subprocess.run([TARRY, "run", "-o", "p.db", "wc"], input=b"a b\nc\n", capture_output=True, timeout=60)
    ok(p.stdout.split()[:3] == [b"2", b"3", b"6"] and p.returncode == 0, "a program reads a pipe to its end", p)
    text = b"x" * 5000 + b"\n\x03\x15\x7f\r no newline at the end"
    p = subprocess.run([TARRY, "run", "-o", "p.db", "cat"], input=text, capture_output=True, timeout=60)
    ok(p.stdout == text and p.returncode == 0, "bytes of a pipe arrive as they are, long lines too", p)
    p = subprocess.Popen([TARRY, "run", "-o", "k.db", "spin", "1000000000"], stdin=subprocess.DEVNULL)
    time.sleep(1)
    p.send_signal(signal.SIGTERM)
    ok(p.wait(30) == 130, "SIGTERM ends a run cleanly")

print(f"1..{count}")
