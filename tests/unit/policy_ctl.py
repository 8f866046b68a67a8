#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""isahpctl's commands about hosts, pools and records, as people use them.

Usage: policy_ctl.py ISAHPD ISAHPCTL

Hosts are real ones' files (policy/), and QEMU's CPU models.
"""
import json
import os
import pathlib
import pty
import re
import shutil
import subprocess
import sys
import time
import unittest
import xml.etree.ElementTree as xml

from policy_ctl_env import (ISAHPCTL, ISAHPD, DATA, MODELS, PATIENCE, Case, ask, complete,
                            run)
from policy_standin import StandIn, error


class Hosts(Case):
    def test_this_host_is_what_cpuid_says(self):
        first = run("host", "profile", "--name", "here").stdout
        again = run("host", "profile", "--from", "-", stdin=first.encode()).stdout
        self.assertEqual(first, again)
        self.assertEqual(json.loads(first)["name"], "here")
        shown = ask("host", "show")["hosts"][0]
        for row in ask("features")["features"]:
            word = shown["features"][row["flag"]]
            self.assertIn(word, ("yes", "off") if row["here"] else ("no", "untold"),
                          row["flag"])
        text = run("host", "show").stdout
        self.assertIn(shown["vendor"], text)
        # One CPU tells all that all tell, and its APIC ID beside it.
        cpu = min(os.sched_getaffinity(0))
        one = json.loads(run("host", "profile", "--cpu", str(cpu), "--name", "here").stdout)
        leaf1 = next(l for l in one["cpuid"] if l["leaf"] == "0x00000001")
        self.assertNotIn("/", "".join(leaf1.values()))
        # As `cpuid -r` has it, which leaves no leaf out for an APIC ID.
        dump = run("host", "profile", "--to", "cpuid").stdout
        self.assertRegex(dump, r"(?m)^   0x00000001 0x00: ")

    def test_flags_of_cpuinfo_are_those_of_cpuid(self):
        text = (DATA / "genoa-guest.cpuinfo.txt").read_text(encoding="utf-8")
        flags = set(re.search(r"^flags\s*: (.*)$", text, re.M)[1].split())
        by_flags = self.features(DATA / "genoa-guest.cpuinfo.txt")
        by_leaves = self.features(DATA / "genoa-guest.cpuid.txt")
        self.assertGreater(len(flags & set(by_flags)), 40)
        for flag, word in by_flags.items():
            self.assertEqual(word == "yes", flag in flags, flag)
            if flag in flags:
                self.assertEqual(by_leaves[flag], "yes", flag)
            # A flag that Linux does not print is not known to be missing.
            if by_leaves[flag] == "no":
                self.assertIn(word, ("no", "untold"), flag)

    def test_every_format_is_read_and_written(self):
        source = DATA / "genoa-guest.cpuid.txt"
        has = {f for f, w in self.features(source).items() if w == "yes"}
        for form in "profile", "cpuid", "cpuinfo", "libvirt", "qemu", "xen":
            with self.subTest(form=form):
                path = str(self.dir / f"genoa.{form}")
                run("host", "profile", "--from", str(source), "--to", form, "--out", path)
                back = ask("host", "show", path)["hosts"][0]
                yes = {f for f, w in back["features"].items() if w == "yes"}
                self.assertLessEqual(yes, has)
                self.assertIn("bmi2", yes)
                run("host", "profile", "--from", path, "--format", form)

    def test_model_is_what_qemu_calls_so(self):
        haswell, skylake = (self.features(self.file(m)) for m in MODELS[1:3])
        self.assertEqual((haswell["avx2"], haswell["avx512f"]), ("yes", "no"))
        self.assertEqual((haswell["rtm"], skylake["avx512f"]), ("yes", "yes"))

    def table(self, text):
        """-> {label: cells} of the rows below the legend"""
        rows = {}
        for line in text.split("\n\n", 1)[1].splitlines():
            words = line.split()
            if line.startswith("  ") and words and not line.startswith("      "):
                rows.setdefault(words[0], []).extend(words[1:])
        return rows

    def test_table_says_what_json_says(self):
        files = [self.file(m) for m in MODELS] + [str(DATA / "genoa-guest.cpuid.txt"),
                                                  str(DATA / "skylake.domcapabilities.xml")]
        data = ask("host", "compare", *files)
        names = [h["name"] for h in data["hosts"]]
        cells = {"yes": "yes", "no": "-", "off": "off", "untold": "?"}
        for width in None, "200", "70", "44":
            env = {"COLUMNS": width} if width else {}
            all_rows = self.table(run("host", "compare", "--all", *files, env=env).stdout)
            text = run("host", "compare", *files, env=env).stdout
            some_rows = self.table(text)
            head = text.split("\n\n", 1)[1].split("\n", 1)[0].split()
            self.assertEqual(head, names if width in (None, "200") else
                             list("123456")[:len(head)])
            for f in data["features"]:
                want = [cells[f["hosts"][n]] for n in names]
                self.assertEqual(all_rows[f["flag"]], want, (width, f["flag"]))
                differs = len(set(want)) > 1 and {"yes", "off"} & set(want)
                self.assertEqual(f["differs"], bool(differs), f["flag"])
                self.assertEqual(some_rows.get(f["flag"]), want if differs else None)
        by_flag = {f["flag"]: f["hosts"] for f in data["features"]}
        self.assertEqual([by_flag["avx2"][m] for m in MODELS], ["no", "yes", "yes", "yes"])
        self.assertEqual([by_flag["avx512f"][m] for m in MODELS],
                         ["no", "no", "yes", "no"])

    def test_table_fits_the_terminal(self):
        files = []
        for i in range(60):
            name = f"a-host-with-a-name-{i}"
            files.append(self.file(name))
            run("host", "profile", "--model", MODELS[i % 4], "--name", name, "--out",
                files[-1])
        text = run("host", "compare", *files, env={"COLUMNS": "80"}).stdout
        for line in text.split("\n\n", 1)[1].splitlines():
            if re.match(r"  \S", line):
                self.assertLessEqual(len(line), 80)
        rows = self.table(text)
        self.assertEqual(rows["avx512f"], ["-", "-", "yes", "-"] * 15)
        # Nobody has said how wide it is: one column each, by name.
        head = run("host", "compare", *files).stdout.split("\n\n", 1)[1].splitlines()[0]
        self.assertEqual(head.split(), [f"a-host-with-a-name-{i}" for i in range(60)])

    def test_hosts_of_a_kind_share_a_column(self):
        files = []
        for i in range(9):
            files.append(self.file(f"kind-{i}"))
            run("host", "profile", "--model", MODELS[i % 3], "--name", f"kind-{i}", "--out",
                files[-1])
        hosts = ask("host", "compare", "--group", *files)["hosts"]
        self.assertEqual([h["names"] for h in hosts],
                         [[f"kind-{i}" for i in range(k, 9, 3)] for k in range(3)])
        text = run("host", "compare", "--group", *files).stdout
        self.assertEqual(self.table(text)["avx512f"], ["-", "-", "yes"])
        self.assertEqual(text.count("and 2 more"), 3)
        # An update of one of them makes a kind of its own.
        profile = json.loads(pathlib.Path(files[0]).read_text(encoding="utf-8"))
        self.write("kind-0.json", {**profile, "microcode": "0x123"})
        hosts = ask("host", "compare", "--group", *files)["hosts"]
        self.assertEqual(len(hosts), 4)
        pool = run("pool", "baseline", self.pool("kinds", ["kind-?.json"])).stdout
        self.assertRegex(pool, r"(?m)^  kind-1, kind-4, kind-7$")

    def test_offsets_of_register_images_are_compared(self):
        def layout(offset):
            return {"isahp-profile": 1, "name": f"pkru-at-{offset}", "xcr0": "0x207",
                    "cpuid": [{"leaf": "0xd", "subleaf": "0x9", "eax": "0x00000008",
                               "ebx": f"0x{offset:08x}", "ecx": "0x00000000",
                               "edx": "0x00000000"}]}
        files = [self.write(f"{o}.json", layout(o)) for o in (2688, 2432)]
        self.assertEqual(self.table(run("host", "compare", *files).stdout)["PKRU"],
                         ["2688", "2432"])

    def test_what_a_kernel_has_not_enabled_is_off(self):
        profile = json.loads(run("host", "profile", "--model", "Haswell-v1").stdout)
        path = self.write("noavx.json", {**profile, "name": "noavx", "xcr0": "0x3"})
        has = self.features(path)
        self.assertEqual([has[f] for f in ("avx", "avx2", "fma", "sse4_2", "avx512f")],
                         ["off", "off", "off", "yes", "no"])
        rows = self.table(run("host", "compare", self.file("Haswell-v1"), path).stdout)
        self.assertEqual(rows["avx2"], ["yes", "off"])
        self.assertNotIn("avx2", ask("pool", "baseline", self.pool("off", [path]))["features"])

    def test_same_host_before_and_after(self):
        before = self.write("before.json",
                            run("host", "profile", "--model", MODELS[1], "--name", "a").stdout)
        after = self.write("after.json",
                           run("host", "profile", "--model", MODELS[2], "--name", "a").stdout)
        data = ask("host", "compare", before, after)
        names = [h["name"] for h in data["hosts"]]
        self.assertEqual([n.rsplit("/", 1)[1] for n in names], ["before.json", "after.json"])

    def test_colour_is_for_terminals(self):
        args = [ISAHPCTL, "host", "compare", *(self.file(m) for m in MODELS[:2])]

        def terminal(*more, **env):
            master, slave = pty.openpty()
            environ = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
            child = subprocess.Popen([*args, *more], stdout=slave,
                                     env={**environ, "TERM": "xterm", **env})
            os.close(slave)
            out = b""
            try:
                while chunk := os.read(master, 65536):
                    out += chunk
            except OSError:
                pass
            os.close(master)
            self.assertEqual(child.wait(PATIENCE), 0)
            return b"\033[" in out

        self.assertTrue(terminal())
        self.assertFalse(terminal(NO_COLOR="1"))
        self.assertTrue(terminal(NO_COLOR=""))
        self.assertFalse(terminal(TERM="dumb"))
        self.assertFalse(terminal("--color=never"))
        self.assertTrue(terminal("--color", NO_COLOR="1"))
        for more, colour in ((), False), (("--color",), True), (("--color=auto",), False):
            self.assertEqual("\033[" in run(*args[1:], *more).stdout, colour)


class Pools(Case):
    def test_baseline_is_what_all_have(self):
        names = MODELS[:3]
        path = self.pool("intel", [f"{n}.json" for n in names])
        data = ask("pool", "baseline", path)
        shown = [self.features(self.file(n)) for n in names]
        common = {f for f in shown[0] if all(s[f] == "yes" for s in shown)}
        self.assertEqual(set(data["features"]), common)
        self.assertIn("sse4_2", common)
        self.assertEqual(data["vendors"], {"intel": 3})
        # Written as a host's profile, it is one.
        out = str(self.dir / "merged.json")
        run("pool", "baseline", path, "--as", "profile", "--out", out)
        merged = self.features(out)
        self.assertEqual({f for f, w in merged.items() if w == "yes"}, common)
        text = run("pool", "baseline", path).stdout
        for host in names:
            self.assertIn(host, text)

    def test_level_and_wildcard(self):
        for name in MODELS[1:3]:
            shutil.copy(self.file(name), self.dir / f"glob-{name}.json")
        path = self.pool("v2", ["glob-*.json"], level="x86-64-v2")
        features = ask("pool", "baseline", path)["features"]
        self.assertIn("sse4_2", features)
        self.assertNotIn("avx", features)

    def test_generated_configuration_is_what_is_promised(self):
        path = self.pool("two", [f"{n}.json" for n in MODELS[1:3]])
        promised = set(ask("pool", "baseline", path)["features"])
        qemu = run("pool", "baseline", path, "--as", "qemu", "--qemu", "7.2").stdout.strip()
        self.assertRegex(qemu, r"^Haswell[-\w]*(,[-+]?[\w.-]+(=\w+)?)*$")
        self.assertIn(",enforce", qemu)
        self.assertEqual(ask("pool", "baseline", path, "--as", "qemu", "--qemu", "7.2"),
                         {"qemu": qemu})
        cpu = xml.fromstring(run("pool", "baseline", path, "--as", "libvirt").stdout)
        rows = {r["libvirt"]: r["flag"] for r in ask("features")["features"] if r["libvirt"]}
        require = {rows[f.get("name")] for f in cpu.findall("feature")
                   if f.get("policy") == "require"}
        self.assertEqual(require, promised & set(rows.values()))
        self.assertTrue(run("pool", "baseline", path, "--as", "xl").stdout
                        .startswith("cpuid = ["))

    def test_levels(self):
        path = self.pool("levels", [f"{n}.json" for n in MODELS], cross_vendor=True)
        levels = {l["name"]: l for l in ask("pool", "levels", path)["levels"]}
        v3 = levels["x86-64-v3"]["hosts"]
        self.assertEqual([v3[m]["fits"] for m in MODELS], [False, True, True, True])
        self.assertIn("avx2", v3[MODELS[0]]["lacks"])
        self.assertTrue(levels["Westmere-v1"]["hosts"]["Haswell-v1"]["fits"])
        self.assertFalse(levels["x86-64-v4"]["on_all"])
        # What it lacks has no name, but is there.
        opteron = levels["Opteron_G1-v1"]["hosts"]["Haswell-v1"]
        self.assertEqual((opteron["fits"], opteron["lacks"]), (False, []))
        self.assertIn("CPUID", opteron["text"])
        one = run("pool", "levels", path, "x86-64-v4").stdout
        self.assertIn("1 of 4 hosts", one)
        self.assertRegex(one, r"Haswell-v1 lacks of x86-64-v4: .*avx512f")
        table = run("pool", "levels", path).stdout
        row = re.search(r"^  x86-64-v3 +(.*)$", table, re.M)[1].split()
        self.assertRegex(row[0], r"^-\d+$")
        self.assertEqual(row[1:], ["yes"] * 3)
        self.assertNotIn("Denverton", table)
        self.assertIn("Denverton", run("pool", "levels", path, "--all").stdout)

    def test_explanation_names_rule_and_host(self):
        path = self.pool("why", [f"{n}.json" for n in MODELS[:3]])
        data = ask("pool", "explain", path)
        flags = {f["flag"]: f for f in data["features"]}
        # What is promised, or on no host, needs no reason; the rest has one.
        promised = set(ask("pool", "baseline", path)["features"])
        for flag, f in flags.items():
            self.assertEqual(f["promised"], flag in promised, flag)
            self.assertTrue(f["reason"])
        self.assertEqual(flags["avx2"]["hosts"],
                         {"no": ["Nehalem-v2"], "yes": ["Haswell-v1", "Skylake-Server-v1"]})
        about = [d for d in data["decisions"] if d["feature"] == "avx2"]
        self.assertEqual(about[0]["operator"], "AND")
        self.assertEqual(about[0]["place"], {"leaf": "0x7", "subleaf": "0x0",
                                             "register": "ebx", "shift": 5, "width": 1})
        self.assertEqual(about[0]["result"], "0x0")
        only = ask("pool", "explain", path, "avx2", "popcnt")
        self.assertEqual([f["flag"] for f in only["features"]], ["popcnt", "avx2"])
        self.assertEqual({d["feature"] for d in only["decisions"]}, {"avx2"})
        text = run("pool", "explain", path).stdout
        self.assertIn(about[0]["text"], text)
        for f in data["features"]:
            if f["place"] not in ("absent", "baseline"):
                self.assertIn(f"  {f['flag']}: {f['reason']}\n", text)

    def test_host_that_no_vm_can_go_to_is_told(self):
        path = self.pool("mixed", [f"{n}.json" for n in MODELS[1:]], cross_vendor=True)
        excluded = ask("pool", "explain", path)["excluded"]
        self.assertTrue(excluded)
        text = run("pool", "explain", path).stdout
        for host in excluded:
            self.assertRegex(text, r"(?m)^  %s$" % host["name"])
            self.assertTrue(host["errata"] or host["lacks"])
        for f in ask("pool", "explain", path)["features"]:
            if f["place"] == "absent" and "yes" in f["hosts"]:
                self.assertEqual(f["reason"], "on no host where VMs can go")
                break
        else:
            self.fail("an excluded host has nothing of its own")
        errata = sorted({e for h in excluded for e in h["errata"]})
        path = self.pool("accepting", [f"{n}.json" for n in MODELS[1:]],
                         cross_vendor=True, accept=errata)
        self.assertEqual(ask("pool", "explain", path)["excluded"], [])


class Plans(Case):
    def test_steps_of_a_change(self):
        path = self.pool("aging", [f"{n}.json" for n in MODELS[:2]])
        base = ["pni", "ssse3", "sse4_1", "sse4_2", "popcnt"]
        for i in range(3):
            self.record(f"plan-{i}", baseline=base, announced=base + ["movbe"],
                        envelope=base + ["movbe"])
        vms = f"Haswell-v1={self.dir}/plan-*.vm"
        self.assertFalse([s for s in ask("pool", "plan", path, vms)["steps"]
                          if s["do"] == "migrate"])
        plan = ask("pool", "plan", path, vms, "--leave", "Haswell-v1")
        steps = [s["do"] for s in plan["steps"]]
        self.assertEqual(steps.count("migrate"), 3)
        self.assertLess(steps.index("migrate"), steps.index("leave"))
        text = run("pool", "plan", path, vms, "--leave", "Haswell-v1").stdout
        self.assertRegex(text, r"(?m)^  \d+\. leave: Haswell-v1$")
        for more in ("--join", self.file("Skylake-Server-v1")), ("--level", "x86-64-v1"), \
                    ("--level", "none"), ("--replace", self.file("Nehalem-v2"), "--live"):
            run("pool", "plan", path, vms, *more)
        # One of them fits nowhere else, or there is no room for all.
        run("pool", "plan", path, vms, "--leave", "Haswell-v1", "--room", "2", code=3)
        stuck = self.record("stuck", baseline=["sse4_2", "xsave", "avx"])
        done = run("pool", "plan", path, f"Haswell-v1={stuck}", "--leave", "Haswell-v1", code=3)
        self.assertIn("stuck", done.stdout)


class Vms(Case):
    def test_admitted_refused_and_after(self):
        plain = self.record("plain")
        done = run("vm", "check", plain, self.file("Haswell-v1"))
        self.assertIn("VM plain may go to Haswell-v1\n", done.stdout)
        self.assertEqual(ask("vm", "check", plain, self.file("Haswell-v1"))["verdict"],
                         "admitted")
        greedy = self.record("greedy", baseline=["sse4_2", "xsave", "avx", "avx2"])
        done = run("vm", "check", greedy, self.file("Nehalem-v2"), code=3)
        self.assertRegex(done.stdout, r"avx2 \[CPUID 0x7\.0 EBX bit 5\]: ")
        self.assertEqual(done.stderr, "")
        data = ask("vm", "check", greedy, self.file("Nehalem-v2"), code=3)
        self.assertEqual((data["verdict"], data["exit"]), ("refused", 3))
        base = ["pni", "ssse3", "sse4_1", "sse4_2", "popcnt"]
        user = self.record("user", baseline=base, announced=base + ["movbe"])
        data = ask("vm", "check", user, self.file("Nehalem-v2"))
        self.assertEqual((data["verdict"], data["leaving"]), ("admitted-after", ["movbe"]))

    def test_of_a_pool_each_host_is_told(self):
        path = self.pool("goal", [f"{n}.json" for n in MODELS[:3]])
        vm = self.record("avx", baseline=["sse4_2", "xsave", "avx"])
        data = ask("vm", "check", vm, path)
        self.assertEqual([h["verdict"] == "refused" for h in data["hosts"]],
                         [True, False, False])
        self.assertEqual(data["admitting"], 2)
        text = run("vm", "check", vm, path).stdout
        self.assertIn("it may go to 2 of 3 hosts", text)
        self.assertRegex(text, r"(?m)^  Nehalem-v2 +no +\d+ reasons?: .*avx")
        done = run("vm", "check", vm, path, "--host", "Nehalem-v2", code=3)
        self.assertIn("may not go to Nehalem-v2", done.stdout)
        run("vm", "check", vm, path, "--host", "Haswell-v1")
        alone = self.pool("alone", ["Nehalem-v2.json"])
        run("vm", "check", vm, alone, code=3)

    def daemon(self):
        run_dir = self.dir / "run"
        child = subprocess.Popen([ISAHPD, "--runtime-dir", run_dir],
                                 stderr=subprocess.DEVNULL)

        def stop():
            child.terminate()
            self.assertEqual(child.wait(PATIENCE), 0)

        self.addCleanup(stop)
        control = str(run_dir / "control.sock")
        until = time.monotonic() + PATIENCE
        while subprocess.run([ISAHPCTL, "--socket", control, "vm", "list"],
                             capture_output=True, check=False).returncode == 5:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.01)
        return control

    def test_record_of_a_vm_that_isahpd_knows(self):
        control = self.daemon()
        at = ["--socket", control]
        pool = self.pool("home", [f"{n}.json" for n in MODELS[1:3]], level="x86-64-v2")
        run(*at, "vm", "add", "web", "--present", "x86-64-v3,aes", "--masked",
            "--envelope", "x86-64-v3,aes,vaes", "--vendor", "intel")
        self.assertIn("--baseline LIST", run(*at, "vm", "record", "web", code=2).stderr)
        done = run(*at, "vm", "record", "web", "--baseline", "x86-64-v2")
        self.assertIn("no guest has registered", done.stderr)
        record = json.loads(done.stdout)
        self.assertEqual(record["vendor"], "intel")
        self.assertIn("vaes", record["envelope"])
        out = str(self.dir / "web.vm")
        run(*at, "vm", "record", "web", "--pool", pool, "--out", out)
        record = json.loads(pathlib.Path(out).read_text(encoding="utf-8"))
        self.assertEqual((record["pool"], record["level"]), ("home", "x86-64-v2"))
        self.assertEqual(sorted(record["baseline"]),
                         sorted(ask("pool", "baseline", pool)["features"]))
        # No guest has told what its kernel needs: not admitted, but for that.
        self.assertEqual(ask("vm", "check", out, pool, code=3)["admitting"], 0)
        wrong = run(*at, "vm", "record", "web", "--baseline", "avx512f", code=1)
        self.assertIn("runs without avx512f", wrong.stderr)
        run(*at, "vm", "add", "told", "--present", "x86-64-v3", "--baseline", "x86-64-v2")
        told = json.loads(run(*at, "vm", "record", "told").stdout)
        self.assertIn("sse4_2", told["baseline"])
        self.assertRegex(run(*at, "vm", "show", "told").stdout,
                         r"(?m)^  baseline +pni ssse3")
        self.assertNotIn("avx", told["baseline"])
        run(*at, "vm", "add", "lo", "--loopback", "--present", "none")
        self.assertIn("move nowhere", run(*at, "vm", "record", "lo", code=2).stderr)
        run(*at, "vm", "record", "nobody", code=6)
        names = complete("--socket", control, "vm", "record", "")
        self.assertEqual(set(names), {"web", "told", "lo"})

    def stand_in(self, name, **options):
        isahpd = StandIn(self.dir, name, **options)
        self.addCleanup(isahpd.close)
        return isahpd

    def record_of(self, record, *args, code=0):
        isahpd = self.stand_in("told")
        isahpd.add("web")
        isahpd.refuse["vm-record"] = {"data": {"record": record, "untold": []}}
        try:
            return run("--socket", isahpd.path, "vm", "record", "web", *args, code=code)
        finally:
            self.doCleanups()

    def test_record_of_a_guest_that_has_told_all(self):
        pool = self.pool("booted", [f"{n}.json" for n in MODELS[1:3]], level="x86-64-v2")
        promised = ask("pool", "baseline", pool)["features"]
        told = {"isahp-vm": 1, "name": "web", "masked": True, "vendor": "intel",
                "announced": promised + ["movbe"], "envelope": promised + ["movbe"],
                "shown": promised, "colour": "red",
                "guest": {"xcr0": "0x3", "boot_vendor": "intel", "pinned": ["pni", "avx99"],
                          "entry32": "follows", "xsave": {"xcr0": 3, "components": []}}}
        record = json.loads(self.record_of(told, "--pool", pool).stdout)
        self.assertEqual(record["guest"]["pinned"], ["pni", "avx99"])
        self.assertEqual((record["guest"]["xcr0"], record["colour"]), ("0x3", "red"))
        self.assertIn("cpuid", record)
        # It was given what this pool promises: it may go to each host of it, but
        # for what nobody here knows.
        vm = self.write("told.vm", record)
        self.assertEqual(ask("vm", "check", vm, pool, code=3)["admitting"], 0)
        record["guest"]["pinned"] = ["pni"]
        record["guest"]["workarounds"] = ["meltdown", "mds", "mmio-stale-data",
                                          "retbleed-intel"]
        vm = self.write("told.vm", record)
        self.assertEqual(ask("vm", "check", vm, pool)["admitting"], 2)
        # What its kernel does it says itself.
        report = self.write("report", "/sys/devices/system/cpu/vulnerabilities/mds:"
                            "Mitigation: Clear CPU buffers; SMT vulnerable\n\n"
                            "meltdown: Mitigation: PTI\nretbleed:Not affected\n")
        for args in (("--baseline", ",".join(promised)), ("--pool", pool)):
            own = json.loads(self.record_of(told, *args, "--vulnerabilities", report).stdout)
            self.assertEqual(own["guest"]["workarounds"], ["meltdown", "mds"])
        for text, place in (("mds\n", "line 1"), ("", "tells nothing"), ("a:b\n" * 9 + "c",
                            "line 10"), ("x" * 5000, "line 1"), ("b c:d\n", "line 1"),
                            ("".join(f"n{i}:x\n" for i in range(99)), "line 65")):
            err = self.record_of(told, "--baseline", "pni", "--vulnerabilities",
                                 self.write("bad report", text), code=2).stderr
            self.assertIn(place, err)
            self.assertIn("bad report", err)
        # Without a pool, it was promised what isahpd says, or nobody knows.
        self.assertIn("--baseline LIST", self.record_of(told, code=2).stderr)
        alone = json.loads(self.record_of({**told, "baseline": promised}).stdout)
        self.assertEqual(sorted(alone["baseline"]), sorted(promised))
        self.assertNotIn("cpuid", alone)
        told["guest"]["xcr0"] = 7
        self.assertIn("none that this isahpctl knows", self.record_of(told, code=1).stderr)
        self.record_of(None, code=1)

    def move(self, here, there, *args, code=0):
        return run("--socket", here.path, "migrate", "web", "--to", "tcp:there:1",
                   "--dest-control", there.path, *args, code=code)

    def two(self, **there):
        here, there = self.stand_in("here"), self.stand_in("there", **there)
        here.to["tcp:there:1"] = there
        here.add("web")
        there.add("web", run_state="incoming")
        return here, there

    def test_destination_gets_the_record_before_the_guest_is_told(self):
        here, there = self.two()
        self.move(here, there, "--accept", "srso,entry32")
        self.assertEqual([c for c, _ in there.asked], ["vm-await", "vm-admit", "vm-await"])
        self.assertEqual([c for c, _ in here.asked], ["vm-show", "vm-record", "migrate"])
        args = dict(there.asked)["vm-admit"]
        # With what it lives with already, where it is.
        self.assertEqual(args["accept"], ["srso", "entry32", "tsa"])
        self.assertEqual(args["record"]["name"], "web")

    def test_refusal_by_the_destination_ends_it(self):
        here, there = self.two()
        text = "VM web may not go to there: 1 reason\n  smap: pinned\n      would do: it\n"
        there.refuse["vm-admit"] = error(3, "VM 'web' may not go to there: smap (pinned)",
                                         {"admission": {"verdict": "refused"}, "text": text})
        said = self.move(here, there, "--force", code=3).stderr
        self.assertIn("destination: VM 'web' may not go to there: smap (pinned)", said)
        self.assertIn("would do: it", said)
        self.assertNotIn("1 reason", said)
        self.assertNotIn("migrate", dict(here.asked))
        answer = json.loads(self.move(here, there, "--json", code=3).stdout)
        self.assertEqual((answer["error"]["exit"], answer["data"]["admission"]["verdict"]),
                         (3, "refused"))

    def test_older_isahpd_is_told_apart_and_said(self):
        for old in "here", "there":
            with self.subTest(old=old):
                here, there = self.two()
                {"here": here, "there": there}[old].old = True
                said = self.move(here, there).stderr
                self.assertIn("older and knows no records", said)
                self.assertIn("migrate", dict(here.asked))
                self.assertNotIn("vm-admit", dict(there.asked))
                self.doCleanups()
        here, there = self.two()
        self.assertNotIn("older", self.move(here, there).stderr)

    def test_vm_begins_with_a_pools_promise_or_a_record(self):
        control = self.daemon()
        pool = self.pool("home", [f"{n}.json" for n in MODELS[1:3]], level="x86-64-v2")
        vm = self.record("brought", pool="far")
        run("--socket", control, "vm", "add", "a", "--present", "x86-64-v3", "--pool", pool)
        run("--socket", control, "vm", "add", "b", "--present", "x86-64-v3", "--record", vm)
        shown = ask("--socket", control, "vm", "show", "a")
        self.assertEqual((shown["attributes"]["pool"], shown["attributes"]["level"]),
                         ("home", "x86-64-v2"))
        self.assertEqual(set(shown["baseline"]), set(ask("pool", "baseline", pool)["features"]))
        self.assertEqual(ask("--socket", control, "vm", "show", "b")["attributes"]["pool"], "far")
        said = run("--socket", control, "vm", "add", "c", "--present", "none", "--pool", pool,
                   "--record", vm, code=2).stderr
        self.assertIn("either --pool or --record", said)


class Masks(Case):
    def phenom(self):
        """A Phenom II X4 940 (data/cpuid of libcpuid), and an Intel CPU of its time."""
        def leaf(number, **registers):
            return {"leaf": f"0x{number:08x}", "subleaf": "0x0",
                    **{k: f"0x{v:08x}" for k, v in registers.items()}}

        return self.write("phenom.json", {
            "isahp-profile": 1, "name": "phenom", "cpuid": [
                leaf(0, eax=5, ebx=0x68747541, ecx=0x444d4163, edx=0x69746e65),
                leaf(1, eax=0x100f42, ebx=0, ecx=0x802009, edx=0x178bfbff),
                leaf(0x80000000, eax=0x80000008, ebx=0, ecx=0, edx=0),
                leaf(0x80000001, eax=0x100f42, ebx=0, ecx=0x37ff, edx=0xefd3fbff),
                leaf(0x80000008, eax=0x3030, ebx=0, ecx=3, edx=0)]})

    def test_values_are_those_of_xens_table(self):
        path = self.phenom()
        data = ask("host", "mask", path, "fam_0f_rev_f")
        self.assertEqual([(r["msr"], r["value"]) for r in data["registers"]],
                         [("0xc0011004", "0x00002001178bfbff"),
                          ("0xc0011005", "0x0000001febd3fbff")])
        self.assertEqual(data["left"], [])
        self.assertIn("  MSR C0011004  00002001:178BFBFF\n",
                      run("host", "mask", path, "amd-k8-rev-f").stdout)
        self.assertEqual(run("host", "mask", path, "amd-k8-rev-f", "--xen").stdout,
                         "cpuid_mask_edx=0x178bfbff cpuid_mask_ecx=0x00002001 "
                         "cpuid_mask_ext_edx=0xebd3fbff cpuid_mask_ext_ecx=0x0000001f\n")

    def test_a_value_from_elsewhere_is_judged(self):
        path = self.phenom()
        slide = run("host", "mask", path, "--check", "C0011004=00002001:178FBFBF", code=3)
        self.assertIn("a misprint of 178BFBFF", slide.stderr)
        for good in ("C0011004=00002001:178BFBFF", "0xc0011004=0x00002001178bfbff"):
            run("host", "mask", path, "--check", good)
        for bad in ("", "C0011004", "C0011004=", "=1", "C0011004=1:2:3", "C0011004=1x",
                    "C0011004=100000000:1", "C0011004=1:", "1" * 20 + "=1"):
            self.assertIn("MSR=VALUE", run("host", "mask", path, "--check", bad,
                                           code=2).stderr)
        run("host", "mask", path, code=2)
        run("host", "mask", path, "amd-k8-rev-f", "--check", "C0011004=1", code=2)
        self.assertIn("no CPUID mask registers",
                      run("host", "mask", self.file("Haswell-v1"), "x86-64-v2",
                          code=3).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
