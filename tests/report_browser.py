#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Opens reports in headless Chromium and uses them as a person does. Prints "pass NAME" or "fail NAME: WHY" for each check,
"run COMMAND" for a command that a report says.

report_browser.py DIRECTORY: t.db, other.db and the reports that report.t made of them are there.
"""
import base64, json, os, re, sqlite3, sys, time, traceback
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

os.chdir(sys.argv[1])
db = sqlite3.connect("t.db")


def check(name, good, why=""):
    print(f"pass {name}" if good else f"fail {name}: {str(why)[:300]}".replace("\n", " "), flush=True)


def start():
    o = Options()
    for a in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1500,1000",
              "--disable-background-networking", "--disable-component-update", "--no-first-run"):
        o.add_argument(a)
    o.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=o)


d = start()
js = d.execute_script


def media(kind="", dark=False):
    d.execute_cdp_cmd("Emulation.setEmulatedMedia",
                      {"media": kind, "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})


def settle():
    """Waits until what was asked to be drawn is drawn."""
    d.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30)))")


def load(name, what=None):
    """Opens a report; checks that it makes no sound on the console and asks no network."""
    d.get(f"file://{os.getcwd()}/{name}")
    settle()
    what = what or name
    said = [e["message"] for e in d.get_log("browser")]
    check(f"{what}: nothing on the console", not said, said)
    asked = [m["params"]["request"]["url"] for m in (json.loads(e["message"])["message"] for e in d.get_log("performance"))
             if m["method"] == "Network.requestWillBeSent"]
    check(f"{what}: no request but for the file itself", asked and all(u.startswith(("file:", "data:")) for u in asked), asked)


READ = """const pixels = (c, x, y, w, h) => { /* of a copy: reading from a canvas itself makes Chromium complain */
        const copy = Object.assign(document.createElement("canvas"), {width: w, height: h}), g = copy.getContext("2d", {willReadFrequently: true});
        g.drawImage(c, -x, -y);
        return g.getImageData(0, 0, w, h).data; };"""


def colours_of(selector):
    """How many different colours each canvas that matches has."""
    return js(READ + """return [...document.querySelectorAll(arguments[0])].map(c => {
        const p = pixels(c, 0, 0, c.width, c.height), seen = new Set();
        for (let i = 0; i < p.length; i += 4) seen.add(p[i] << 24 | p[i + 1] << 16 | p[i + 2] << 8 | p[i + 3]);
        return seen.size; })""", selector)


def pixel(name, x, y):
    """The colour of a map at a place of the screen, as #rrggbb."""
    p = js(READ + """const m = maps[arguments[0]], box = m.canvas.getBoundingClientRect(), scale = m.canvas.width / m.width;
        return [...pixels(m.canvas, Math.floor((arguments[1] - box.left) * scale), Math.floor((arguments[2] - box.top) * scale), 1, 1)]""", name, x, y)
    return "#%02x%02x%02x" % tuple(p[:3])


def show(section):
    js("document.getElementById(arguments[0]).scrollIntoView()", section)
    settle()


def mouse(kind, x, y, **more):
    d.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **more})


def place(name, segment, page, ts):
    """Where a page at a time is on the screen, from the geometry of its map."""
    return js("""const m = maps[arguments[0]], b = m.bands.find(b => b.id === arguments[1]), box = m.canvas.getBoundingClientRect();
        return [box.left + m.x(arguments[3]), box.top + (m.yOf(b, arguments[2]) + m.yOf(b, arguments[2] + 1)) / 2];""", name, segment, page, ts)


def hover(x, y):
    mouse("mouseMoved", x, y)
    settle()
    return js("return document.querySelector('.tip').hidden ? '' : document.querySelector('.tip').innerText")


def view():
    return js("return [view.from, view.to]")


def drag(x0, y0, x1, y1):
    mouse("mouseMoved", x0, y0)
    mouse("mousePressed", x0, y0, button="left", clickCount=1)
    mouse("mouseMoved", (x0 + x1) / 2, (y0 + y1) / 2, button="left", buttons=1)
    mouse("mouseMoved", x1, y1, button="left", buttons=1)
    mouse("mouseReleased", x1, y1, button="left", clickCount=1)
    settle()


def double_click(x, y):
    for n in (1, 2):
        mouse("mousePressed", x, y, button="left", clickCount=n)
        mouse("mouseReleased", x, y, button="left", clickCount=n)
    settle()


def one_run():
    media()
    load("one.html")
    maps = colours_of(".canvas canvas")
    check("every map is drawn", len(maps) == 4 and all(n > 4 for n in maps), maps)
    curves = colours_of(".panel canvas")
    check("every curve is drawn", len(curves) >= 4 and all(n > 8 for n in curves), curves)
    faults = dict(db.execute("select r.name, count(*) from fault f join enum_resolution r on r.id = f.resolution group by 1"))
    key = js("return [...document.querySelectorAll('#faults .key li')].map(l => l.textContent)")
    got = {t.split(":")[0]: int(re.sub(r"\D", "", re.search(r"\(([^()]*)\)$", t)[1])) for t in key}
    check("the map's key counts every fault", got == faults, (got, faults))
    check_hover()
    check_states()
    check_zoom()
    check_tables()


def check_hover():
    show("faults")
    fault, segment, page, va, ts, dur, pc, trap, rule, source, text = db.execute(
        """select f.id, f.segment, (f.va - s.base) / 4096, f.va, f.ts, f.dur, f.pc, f.cause, r.name, coalesce(l.source, l.symbol), l.text
           from fault f join segment s on s.id = f.segment join enum_rule r on r.id = f.rule left join program_line l on l.image = f.image and l.address = f.pc
           where f.resolution = 6 order by f.id limit 1 offset 3""").fetchone()
    x, y = place("faults", segment, page, ts)
    tip = hover(x, y)
    wanted = [f"segment {segment}: defer of ", f"page {page}, va {hex(va & ~4095)}", f"({ts:,} ns)".replace(",", "\u202f"), "1 fault: 1 detached",
              f"fault {fault}: write by the instruction at pc {hex(pc)}" + (f", {source}" if source else "") + (f": {text}" if text else "") + f" (trap {trap})",
              f"rule {rule}: ", f"explain-fault --fault {fault}"]
    check("hover says segment, page, va, time, count, cause", all(w in tip for w in wanted), [w for w in wanted if w not in tip] + [tip])
    print("run", tip.split("\n")[-1])
    check("there is a mark of that colour under the pointer", pixel("faults", x + 2, y + 2) == js("return colours().hues[4]"), pixel("faults", x + 2, y + 2))
    mouse("mousePressed", x, y, button="left", clickCount=1)
    mouse("mouseReleased", x, y, button="left", clickCount=1)
    settle()
    said = d.find_element(By.CSS_SELECTOR, "#faults .said").text
    check("a click keeps what hover said", f"--fault {fault}" in said, said)
    far = hover(x, js("const m = maps.faults; return m.canvas.getBoundingClientRect().top + m.y(m.bands[0].u0) + 2"))
    check("where no fault is, hover says so", "no fault here" in far, far)
    js("document.querySelector('#faults input[value=count]').click()")
    settle()
    check("colour by count", "fault" in d.find_element(By.CSS_SELECTOR, "#faults .key").text and colours_of("#faults canvas")[0] > 4)
    js("document.querySelector('#faults input[value=kind]').click()")


def look_at(segment, page, begin, end):
    """Shows a time on the map of states, and so few rows that a page is tall."""
    js("maps.states.showRows(0, 1); view.show(arguments[0], arguments[1])", begin, end)
    settle()
    band = js("return maps.states.bands.find(b => b.id === arguments[0])", segment)
    height = (band["u1"] - band["u0"]) / (band["hi"] + 1 - band["lo"])
    middle = band["u0"] + (page + 0.5 - band["lo"]) * height
    js("maps.states.showRows(arguments[0] - arguments[1], arguments[0] + arguments[1])", middle, 2 * height)
    settle()


def inherited():
    """A page that a fork left to a segment: its first row says that it leaves a state; it had it from the beginning."""
    load("fork.html")
    labels = js("return maps.faults.bands.filter(b => b.segment && b.segment.parent).map(b => [b.segment.pid, b.segment.parent, b.id])")
    owners = dict(sqlite3.connect("fork.db").execute("select s.id, p.pid from segment s join process p on p.cause = s.cause where s.parent <> 0"))
    check("what a fork made is the child's", len(labels) > 3 and all(pid == owners[segment] for pid, _, segment in labels), (labels[:5], len(labels)))
    show("states")
    segment, page, begin, ts, state = sqlite3.connect("fork.db").execute(
        """select p.segment, (p.va - s.base) / 4096, s.ts, p.ts, e.name from page p join segment s on s.id = p.segment join enum_page_state e on e.id = p.old
           where s.parent <> 0 and p.old in (2, 3) and not exists (select 1 from page q where q.segment = p.segment and q.va = p.va and q.id < p.id)
           order by p.ts - s.ts desc limit 1""").fetchone()
    look_at(segment, page, begin, ts)
    tip = hover(*place("states", segment, page, (begin + ts) / 2))
    got = pixel("states", *place("states", segment, page, (begin + ts) / 2))
    check("a page that a fork left is drawn from the beginning", got == js("return colours().hues[stateHue[arguments[0] === 'dirty' ? 3 : 2]]", state), got)
    check("a page that a fork left is there from the beginning", f"page {page}, va" in tip and f"1 {state}" in tip, (segment, page, tip))


def check_states():
    """A page's state half way between two of its changes is what the rows of the trace say."""
    show("states")
    segment, page, ts, until, state = db.execute(
        """select p.segment, (p.va - s.base) / 4096, p.ts, (select min(ts) from page n where n.segment = p.segment and n.va = p.va and n.id > p.id), e.name
           from page p join segment s on s.id = p.segment join enum_page_state e on e.id = p."new"
           where p."new" = 3 and exists (select 1 from page n where n.segment = p.segment and n.va = p.va and n.id > p.id) order by p.id limit 1""").fetchone()
    look_at(segment, page, ts - (until - ts), until + (until - ts))
    tip = hover(*place("states", segment, page, (ts + until) / 2))
    check("hover says the state of a page", f"page {page}, va" in tip and f"1 {state}" in tip, tip)
    got = pixel("states", *place("states", segment, page, (ts + until) / 2))
    check("... and it has the colour of that state", got == js("return colours().hues[stateHue[3]]"), got)
    tip = hover(*place("states", segment, page, until + (until - ts) / 2))
    check("... and what it is afterwards", f"1 {state}" not in tip and f"page {page}, va" in tip, tip)
    tip = hover(*place("states", segment, page, ts - (until - ts) / 2))
    check("... and what it was before", f"1 {state}" not in tip and f"page {page}, va" in tip, tip)
    js("maps.states.showRows(0, 1); view.reset()")
    settle()


def check_zoom():
    show("faults")
    whole = view()
    box = js("""const m = maps.faults, b = m.canvas.getBoundingClientRect(); return {left: b.left + m.left, right: b.left + m.right,
        top: b.top + m.top, bottom: b.top + m.bottom}""")
    x0, x1 = box["left"] + (box["right"] - box["left"]) * 0.25, box["left"] + (box["right"] - box["left"]) * 0.5
    before = js("return maps.faults.painter.drawn")
    drag(x0, box["top"] + 200, x1, box["top"] + 202)
    got = view()
    check("dragging zooms to what was marked", abs(got[0] - whole[1] * 0.25) < whole[1] * 0.01 and abs(got[1] - whole[1] * 0.5) < whole[1] * 0.01, got)
    wanted = db.execute("select count(*) from fault where ts between ? and ?", got).fetchone()[0]
    drawn = js("return maps.faults.painter.drawn")
    check("... and draws the faults of that time only", 0 < drawn < before and abs(drawn - wanted) <= 3, (drawn, wanted, before))
    check("the bar says which stretch is shown", " to " in d.find_element(By.CSS_SELECTOR, "#bar output").text)
    curve = "return document.querySelector('#transfers .panel canvas').toDataURL()"
    zoomed = js(curve)
    double_click((x0 + x1) / 2, box["top"] + 200)
    check("a double click shows all again", view() == whole, view())
    check("curves follow", js(curve) != zoomed)
    holder = d.find_element(By.CSS_SELECTOR, "#faults .canvas")
    js("arguments[0].focus({preventScroll: true})", holder)
    holder.send_keys("++")
    settle()
    check("the key + zooms", abs((view()[1] - view()[0]) - whole[1] / 4) < 1, view())
    earlier = view()[0]
    holder.send_keys(Keys.ARROW_LEFT)
    check("the key left moves", view()[0] < earlier, view())
    holder.send_keys(Keys.PAGE_UP)
    check("the key Page Up zooms the rows", js("return maps.faults.rows.to - maps.faults.rows.from") == 0.5)
    holder.send_keys("0")
    settle()
    check("the key 0 shows all", view() == whole and js("return maps.faults.rows.to") == 1, view())
    over = js("const b = document.querySelector('#transfers .u-over').getBoundingClientRect(); scrollBy(0, b.top - 300); return b.width")
    left = js("return document.querySelector('#transfers .u-over').getBoundingClientRect().left")
    drag(left + over * 0.5, 350, left + over * 0.75, 352)
    got = view()
    check("dragging on a curve zooms all figures", abs(got[0] - whole[1] * 0.5) < whole[1] * 0.01, got)
    js("view.reset()")
    settle()


def check_tables():
    rows = d.find_elements(By.CSS_SELECTOR, "#table-segments tbody tr")
    check("the table of segments has every segment", len(rows) == db.execute("select count(*) from segment").fetchone()[0], len(rows))
    column = "const i = [...document.querySelectorAll('#table-segments th')].findIndex(h => h.textContent === 'faults');"
    js(column + "document.querySelectorAll('#table-segments th button')[i].click()")
    got = js(column + "return [...document.querySelectorAll('#table-segments tbody tr')].map(r => Number(r.cells[i].title))")
    check("a click on the head sorts", got == sorted(got, reverse=True) and len(set(got)) > 1, got)
    sql = js("return document.querySelector('#faults details.query pre').textContent")
    check("the query behind the map gives what the map counts",
          len(db.execute(sql).fetchall()) == db.execute("select count(*) from fault").fetchone()[0], sql[:100])
    for q in js("return [...document.querySelectorAll('details.query pre')].map(p => p.textContent)"):
        try:
            names = set(re.findall(r":([a-z_]+)", re.sub(r"--[^\n]*|'[^']*'", "", q)))
            db.execute(q, {n: None for n in names}).fetchone()
        except sqlite3.Error as e:
            check("a query behind a figure runs", False, (e, q[:200]))
    js("document.querySelector('#faults details.query').open = true; document.querySelector('#faults button.copy').click()")
    settle()
    check("a query can be copied", js("return document.querySelector('#faults details.query [role=status]').textContent") == "copied")


def looks():
    corner = READ + "const p = pixels(maps.faults.canvas, 3, 3, 1, 1); return p[0] + p[1] + p[2]"
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = js(corner), js(ground)
    media(dark=True)
    settle()
    dark = js(corner), js(ground)
    check("dark: the page and the maps are", light[0] > 600 and dark[0] < 200 and dark[1] != light[1], (light, dark))
    maps = colours_of(".canvas canvas, .panel canvas")
    check("dark: all is drawn", all(n > 4 for n in maps), maps)
    media("print", dark=True)
    settle()
    check("print: light, also from a dark screen", js(corner) > 600 and js(ground) == "rgb(255, 255, 255)", (js(corner), js(ground)))
    check("print: without the bar", js("return getComputedStyle(document.getElementById('bar')).display") == "none")
    media(dark=True)
    js("""addEventListener('beforeprint', () => { window.printed = [...document.querySelectorAll('.panel canvas')].map(c => {
        const u = c.closest('.uplot').getBoundingClientRect().width; return u; }); })""")
    pdf = base64.b64decode(d.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True, "printBackground": False})["data"])
    open("one.pdf", "wb").write(pdf)
    check("print: pages come out", pdf.startswith(b"%PDF") and len(pdf) > 50000, len(pdf))
    widths = js("return window.printed")
    check("print: curves are as wide as the paper has room for", widths and all(300 < w < 1030 for w in widths), widths)
    media()


def two_runs():
    load("two.html")
    lines = js("return [...document.querySelectorAll('#transfers .panel')].map(p => p.querySelectorAll('.u-series').length)")
    check("two runs: a curve for each in every panel", len(lines) >= 3 and all(n == 3 for n in lines), lines)
    first = js("return maps.faults.painter.drawn")
    js("document.querySelectorAll('#bar input[type=radio]')[1].click()")
    settle()
    second = js("return maps.faults.painter.drawn")
    said = js("return ['faults', 'disk', 'table-segments'].map(id => document.getElementById(id).textContent.includes(`Run: ${runs[1].title}`))")
    check("two runs: maps and tables say which one they show", all(said), said)
    check("two runs: the maps show the one that is chosen", second != first and second == db_count("other.db", "fault"), (first, second))
    text = d.find_element(By.CSS_SELECTOR, "#run").text
    check("two runs: totals side by side, with ratios", "bytes_copied" in text and "(×" in text)
    check("two runs: working sets of both", js("""return [...document.querySelectorAll('#working-set .panel')].length""") >= 3)
    spans = js("return runs.map(r => r.span)")
    js("document.getElementById('stretched').click()")
    settle()
    ends = js("return [maps.faults.x(maps.faults.run.span), maps.faults.right]")
    check("two runs: the shorter one can be as wide", spans[0] != spans[1] and abs(ends[0] - ends[1]) < 1, ends)
    js("document.getElementById('stretched').click()")
    settle()
    legend = js("return [...document.querySelectorAll('#transfers .panel:nth-child(2) .u-value')].map(e => e.textContent)")
    check("two runs: the legend says the totals", len(legend) == 3 and legend[1] != legend[2] and "MiB" in " ".join(legend), legend)


def db_count(path, table):
    return sqlite3.connect(path).execute(f"select count(*) from {table}").fetchone()[0]


def odd_ones():
    load("empty.html")
    text = d.find_element(By.TAG_NAME, "main").text
    check("an empty trace: no buttons nor keys of maps that are not there", js("""return [...document.querySelectorAll('.tools, .key')]
        .filter(e => e.hidden && e.getClientRects().length > 0).length""") == 0)
    check("an empty trace: says what is not there", "No page fault is in this trace." in text and "No snapshot is in this trace." in text)
    load("killed.html")
    check("a killed run: says so", "was killed or was still going on" in d.find_element(By.ID, "run").text)
    check("a killed run: its faults are drawn", js("return maps.faults.painter.drawn") > 0)
    load("partial.html")
    check("a trace of some groups only: says so", "not everything was recorded (--trace fault)" in d.find_element(By.ID, "run").text)
    check("a trace of some groups only: its faults are drawn", js("return maps.faults.painter.drawn") > 5)
    load("hostile.html")
    text = d.find_element(By.TAG_NAME, "body").text
    check("hostile names: are text", "</script><script>window.broken=1</script>" in text and js("return window.broken") is None, text[:300])
    check("hostile names: no element of theirs", js("return document.querySelectorAll('img, iframe, b').length") == 0)
    load("boot.html")
    check("another kernel: the disk is drawn", js("return maps.disk.run.disk.n") > 0 and "No page fault is in this trace." in d.find_element(By.TAG_NAME, "main").text)


def another_kernel():
    """Page faults as the machine saw them, by area of an address space; TLB counts; no figure that only a kernel can fill."""
    load("traps.html")
    own = sqlite3.connect("traps.db")
    check("another kernel: says what it does not tell", "does not tell the machine of its processes" in d.find_element(By.ID, "run").text)
    check("another kernel: no figures without a chance", js("return ['states', 'memory', 'snapshots', 'table-processes'].filter(id => document.getElementById(id)).length") == 0)
    wanted = dict(own.execute("select e.name, count(*) from page_trap t join enum_exception e on e.id = t.code group by 1"))
    key = js("return [...document.querySelectorAll('#faults .key li')].map(l => l.textContent)")
    got = {t.split(":")[0]: int(re.sub(r"\D", "", re.search(r"\(([^()]*)\)$", t)[1])) for t in key}
    check("another kernel: every page fault is in the map", got == wanted and len(wanted) == 3, (got, wanted))
    every = own.execute("select count(*) from trap where code in (12, 13, 15) and root <> 0").fetchone()[0]
    check("another kernel: the view has every page fault", sum(wanted.values()) == every, (wanted, every))
    show("faults")
    trap, area, page, ts, va, rule = own.execute("""select t.id, t.area, t.page, t.ts, t.va, r.name from page_trap t join enum_refusal r on r.id = t.refusal
        where t.code = 15 order by t.id limit 1""").fetchone()
    js("view.show(arguments[0] - 50, arguments[0] + 50)", ts)
    settle()
    tip = hover(*place("faults", area, page, ts))
    check("another kernel: hover says trap, address and the rule of the walk", f"trap {trap}: write by the instruction" in tip and hex(va & ~4095) in tip and f"rule {rule}" in tip
          and "longest" not in tip, (trap, rule, tip))
    print("run", tip.split("\n")[-1])
    js("view.reset()")
    settle()
    before = js("return maps.faults.painter.drawn")
    js("document.querySelector('#faults .key button').click()")
    settle()
    gone = max(wanted.values())
    after = js("return maps.faults.painter.drawn")
    check("a click on the key puts a kind away", before - after == gone and
          js("return document.querySelector('#faults .key button').getAttribute('aria-pressed')") == "false", (before, after, gone))
    js("document.querySelector('#faults .key button').click()")
    settle()
    check("... and brings it back", js("return maps.faults.painter.drawn") == before)
    rows = js("return [...document.querySelectorAll('#tlb tbody tr')].map(r => [...r.cells].map(c => c.textContent))")
    tlb = own.execute("select e.name, t.accesses, t.second, t.walks from tlb_total t join enum_access e on e.id = t.access order by t.access").fetchall()
    got = [(r[0], *(int(re.sub(r"\D", "", r[k])) for k in (1, 4, 5))) for r in rows]
    check("TLB: the counts of the model", got == tlb and sum(t[3] for t in tlb) > 0, (got, tlb))
    widths = js("return [...document.querySelectorAll('#tlb .bar-all')].map(b => b.getBoundingClientRect().width && [...b.children].reduce((n, c) => n + c.getBoundingClientRect().width, 0))")
    check("TLB: bars", max(widths) > 50, widths)


for part in (one_run, looks, two_runs, odd_ones, inherited, another_kernel):
    try:
        part()
    except Exception:
        check(f"{part.__name__} goes through", False, traceback.format_exc()[-280:])
d.quit()
print("done")
