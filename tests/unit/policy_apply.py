#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`pool apply`: plans are carried out against isahpds that the test plays.

Usage: policy_apply.py ISAHPD ISAHPCTL
"""
import copy
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from policy_ctl_env import ISAHPCTL, PATIENCE, Case, ask, run
from policy_standin import StandIn, error

# Nehalem has no XSAVE, so its VMs have enabled none.
GUEST = {"boot_vendor": "intel", "entry32": "follows", "xcr0": "0x3", "pinned": [],
         "workarounds": ["meltdown", "mds", "retbleed-intel"]}
ACTS = {"announce", "migrate", "vm-admit"}
RECEIVE = """#!/bin/sh
echo "receive $*" >>"$(dirname "$0")/calls"
echo tcp:there:1
"""
RELEASE = """#!/bin/sh
echo "release $*" >>"$(dirname "$0")/calls"
echo to be seen by people
"""


class Apply(Case):
    """A pool of two new hosts and an old one, where VM web is."""

    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="isahp-apply-"))
        self.addCleanup(shutil.rmtree, self.top)
        self.hosts = {}
        for name, model in (("new1", "Haswell-v1"), ("new2", "Haswell-v1"),
                            ("old", "Nehalem-v2")):
            self.host(name, model)
        self.plan = str(self.top / "plan.json")
        self.path = str(self.top / "test.pool")
        self.save({"isahp-pool": 1, "name": "test", "comment": "mine",
                   "hosts": ["new?.json", {"file": "old.json", "name": "old"}],
                   "control": f"{self.top}/%h.sock"})
        self.receive = self.program("receive", RECEIVE)
        self.release = self.program("release", RELEASE)
        self.promise = self.baseline()
        old = self.hosts["old"]
        old.add("web", present=list(self.promise), record=self.vm("web"))
        self.make_plan("--leave", "old")
        self.there = self.hosts[self.steps()["migrate"]["to"]]
        self.there.add("web", run_state="incoming")
        old.to["tcp:there:1"] = self.there

    # -- the world ---------------------------------------------------------------

    def host(self, name, model):
        path = str(self.top / f"{name}.json")
        run("host", "profile", "--model", model, "--name", name, "--out", path)
        has = [f for f, w in self.features(path).items() if w == "yes"]
        self.hosts[name] = StandIn(self.top, name, has)
        self.addCleanup(self.hosts[name].close)
        return path

    def vm(self, name, **more):
        return {"isahp-vm": 1, "name": name, "masked": True, "vendor": "intel",
                "baseline": self.promise, "announced": self.promise,
                "envelope": self.hosts["new1"].features, "guest": GUEST, **more}

    def program(self, name, text):
        path = self.top / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def save(self, value, name="test.pool"):
        (self.top / name).write_text(json.dumps(value), encoding="utf-8")

    def text(self, name="test.pool"):
        return (self.top / name).read_text(encoding="utf-8")

    def baseline(self):
        return ask("pool", "baseline", self.path)["features"]

    def make_plan(self, *change, code=0, vms=("web",)):
        words = []
        for vm in vms:
            self.save(self.hosts["old"].vms[vm]["record"], f"{vm}.vm")
            words.append(f"old={self.top}/{vm}.vm")
        done = run("--json", "pool", "plan", self.path, *words, *change, code=code)
        pathlib.Path(self.plan).write_text(done.stdout, encoding="utf-8")
        return json.loads(done.stdout)

    def steps(self):
        return {s["do"]: s for s in json.loads(self.text("plan.json"))["steps"]}

    def args(self, *more):
        return ["pool", "apply", self.path, self.plan, "--receive", self.receive,
                "--release", self.release, *more]

    def apply(self, *more, code=0):
        return json.loads(run("--json", *self.args(*more), code=code).stdout)

    def states(self, answer):
        steps = answer.get("steps") or answer["data"]["steps"]
        return [(s["do"], s["state"]) for s in steps]

    def calls(self):
        path = self.top / "calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def acts(self):
        """What was asked of all isahpds that changes something; forgets it."""
        out = [c for h in self.hosts.values() for c, _ in h.asked if c in ACTS]
        for host in self.hosts.values():
            host.asked.clear()
        return sorted(out)

    # -- what holds ----------------------------------------------------------------

    def test_host_leaves_and_the_level_rises(self):
        answer = self.apply()
        self.assertTrue(answer["complete"])
        self.assertEqual(self.states(answer),
                         [("migrate", "done"), ("leave", "done"), ("raise-baseline", "done"),
                          ("announce-add", "done")])
        self.assertEqual(self.calls(), [f"receive web {self.there.name}", "release web old"])
        self.assertEqual(self.acts(), ["announce", "migrate", "vm-admit"])
        # VMs start from what is left, and nothing of that is written down.
        after = json.loads(self.text("plan.json"))["baseline"]["after"]
        self.assertEqual(sorted(self.baseline()), sorted(after))
        self.assertIn("avx2", after)
        left = json.loads(self.text())
        self.assertEqual(left["hosts"], ["new?.json"])
        self.assertEqual((left["comment"], "hide" in left), ("mine", False))
        self.assertIn("bmi2", self.there.vms["web"]["present"])
        # Again: it is known, and also by itself.
        before = self.text()
        self.assertEqual({s for _, s in self.states(self.apply())}, {"done-before"})
        os.unlink(self.plan + ".done")
        self.assertEqual({s for _, s in self.states(self.apply())}, {"found-done"})
        self.assertEqual((self.acts(), self.text()), ([], before))

    def test_people_see_each_step(self):
        said = run(*self.args()).stdout
        for words in ("1/4  migrate web from old to new", "of which stopped 1 ms",
                      "2/4  leave: old: done", "3/4  raise the baseline: done",
                      "4/4  announce ", "the plan is carried out: 4 steps"):
            self.assertIn(words, said)
        self.assertNotIn("to be seen", said)

    def test_rehearsal_changes_nothing(self):
        before = self.text()
        answer = self.apply("--dry-run")
        self.assertEqual({s for _, s in self.states(answer)}, {"to-do"})
        self.assertFalse(answer["complete"])
        self.assertEqual((self.acts(), self.calls(), self.text()), ([], [], before))
        self.assertFalse(os.path.exists(self.plan + ".done"))
        # What would be in the way is told, and all of it.
        record = self.hosts["old"].vms["web"]["record"]
        record["guest"] = {**GUEST, "pinned": ["sse4a"]}
        record["announced"] = record["baseline"] = self.promise + ["sse4a"]
        self.hosts["old"].vms["web"]["present"].append("sse4a")
        record["envelope"] = record["envelope"] + ["sse4a"]
        answer = self.apply("--dry-run", code=3)
        self.assertEqual(dict(self.states(answer))["migrate"], "refused")
        self.assertEqual(dict(self.states(answer))["raise-baseline"], "to-do")
        self.assertIn("sse4a", answer["error"]["message"])

    def test_refusal_ends_it_and_it_goes_on_later(self):
        before = self.text()
        self.there.refuse["vm-admit"] = error(3, "VM 'web' may not go to new: smap (pinned)",
                                              {"admission": {"verdict": "refused"}, "text": "x\n"})
        answer = self.apply(code=3)
        self.assertIn("smap", answer["error"]["message"])
        self.assertEqual([s for _, s in self.states(answer)],
                         ["refused", "remains", "remains", "remains"])
        self.assertEqual(self.calls()[-1], f"release web {self.there.name}")
        self.assertEqual((self.acts(), self.text()), (["vm-admit"], before))
        said = run(*self.args(), code=3)
        self.assertIn("0 of 4 steps are done", said.stdout)
        self.there.refuse.clear()
        self.assertTrue(self.apply()["complete"])

    def test_nothing_of_the_same_phase_is_begun_after_a_refusal(self):
        self.hosts["old"].add("web2", present=list(self.promise), record=self.vm("web2"))
        plan = self.make_plan("--leave", "old", vms=("web", "web2"))
        first, second = [s for s in plan["steps"] if s["do"] == "migrate"]
        self.assertEqual(first["phase"], second["phase"])
        for step in first, second:
            there = self.hosts[step["to"]]
            there.add(step["vm"], run_state="incoming")
            there.refuse["vm-admit"] = error(3, "no")
        answer = self.apply(code=3)
        self.assertEqual([s for _, s in self.states(answer)][:2], ["refused", "remains"])
        self.assertEqual([c.split()[1] for c in self.calls()], [first["vm"]] * 2)

    def test_guest_that_does_not_answer_ends_it(self):
        self.there.refuse["announce"] = error(4, "laggard: pid 7", {"verdict": "nak"})
        answer = self.apply(code=4)
        self.assertEqual([s for _, s in self.states(answer)], ["done"] * 3 + ["refused"])
        self.there.refuse.clear()
        answer = self.apply()
        self.assertEqual([s for _, s in self.states(answer)], ["done-before"] * 3 + ["done"])

    def test_host_leaves_empty_or_not_at_all(self):
        self.hosts["old"].add("other")
        answer = self.apply(code=3)
        self.assertEqual(self.states(answer)[:2], [("migrate", "done"), ("leave", "refused")])
        self.assertIn("other", answer["error"]["message"])
        self.assertIn("old.json", self.text())

    def test_what_was_refused_by_the_plan_is_not_done(self):
        self.hosts["old"].vms["web"]["record"]["guest"] = {**GUEST, "pinned": ["sse4a"]}
        record = self.hosts["old"].vms["web"]["record"]
        record["baseline"] = record["announced"] = self.promise + ["sse4a"]
        record["envelope"] = record["envelope"] + ["sse4a"]
        plan = self.make_plan("--leave", "old", code=3)
        self.assertFalse(plan["ready"])
        before = self.text()
        answer = self.apply(code=3)
        self.assertEqual(dict(self.states(answer))["leave"], "refused")
        self.assertIn("web", answer["error"]["message"])
        self.assertEqual((self.acts(), self.text()), ([], before))

    def interrupt(self, when):
        child = subprocess.Popen([ISAHPCTL, "--json", *self.args()], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        when()
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=PATIENCE)
        self.assertEqual(child.returncode, 7)
        return json.loads(out)

    def test_interrupt_cancels_the_migration(self):
        before = self.text()
        self.hosts["old"].endless = True
        answer = self.interrupt(lambda: self.hosts["old"].moving.wait(PATIENCE))
        self.assertEqual(self.states(answer)[0], ("migrate", "refused"))
        self.assertIn("as before", answer["error"]["message"])
        self.assertEqual(self.text(), before)
        self.assertEqual(self.calls()[-1], f"release web {self.there.name}")
        self.hosts["old"].endless = False
        self.assertTrue(self.apply()["complete"])

    def test_interrupt_ends_the_program_that_is_waited_for(self):
        marker = self.top / "pid"
        self.program("receive", f"#!/bin/sh\necho $$ >{marker}.new; mv {marker}.new {marker}\n"
                     "exec sleep 600\n")

        def started():
            until = time.monotonic() + PATIENCE
            while not marker.exists():
                self.assertLess(time.monotonic(), until)
                time.sleep(0.01)

        self.interrupt(started)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(marker.read_text(encoding="utf-8")), 0)
        self.assertNotIn("migrate", self.acts())

    def test_program_that_fails_ends_it(self):
        for text, words in (("#!/bin/sh\nexit 3\n", "exit code 3"),
                            ("#!/bin/sh\nkill -9 $$\n", "signal 9"),
                            ("#!/bin/sh\n", "no URI"),
                            ("#!/bin/sh\necho two words\n", "no URI"),
                            ("#!/bin/sh\nprintf 'tcp:\\033[31m:1\\n'\n", "no URI"),
                            ("#!/bin/sh\nyes x | head -c 100000 | tr -d '\\n'\n", "no URI"),
                            ("not a program", "exit code 127")):
            with self.subTest(text=text):
                self.program("receive", text)
                self.assertIn(words, self.apply(code=1)["error"]["message"])
                self.assertEqual(self.acts(), [])
        said = run("pool", "apply", self.path, self.plan, code=2).stderr
        self.assertIn("--receive", said)
        # What it leaves behind may hold its output open.
        self.program("receive", "#!/bin/sh\nsleep 600 2>/dev/null &\necho $! >\"$(dirname \"$0\")/left\"\n"
                     "echo tcp:there:1\n")
        try:
            self.assertTrue(self.apply()["complete"])
        finally:
            os.kill(int(self.text("left")), signal.SIGKILL)

    def test_only_one_at_a_time(self):
        child = None

        def second():
            self.hosts["old"].moving.wait(PATIENCE)
            said = self.apply(code=1)["error"]["message"]
            self.assertIn("another isahpctl", said)

        self.hosts["old"].endless = True
        self.assertIsNone(child)
        self.interrupt(second)

    def test_vm_that_went_elsewhere_is_no_part_of_it(self):
        del self.hosts["old"].vms["web"]
        answer = self.apply(code=6)
        self.assertIn("neither on old nor on", answer["error"]["message"])
        self.assertEqual(self.acts(), [])

    def test_sockets_are_the_pools_the_hosts_or_the_callers(self):
        moved = str(self.top / "elsewhere")
        os.mkdir(moved)
        document = json.loads(self.text())
        document["control"] = f"{moved}/%h.sock"
        self.save(document)
        answer = self.apply(code=5)
        self.assertIn("host old", answer["error"]["message"])
        document["hosts"][1]["control"] = f"{self.top}/old.sock"
        self.save(document)
        there = f"{self.there.name}={self.there.path}"
        self.assertTrue(self.apply("--control", there)["complete"])
        del document["control"]
        self.save(document)
        os.unlink(self.plan + ".done")
        for wrong in "old", "=x", "old=", f"old={'x' * 200}":
            self.assertIn("HOST=PATH", self.apply("--control", wrong, code=2)["error"]["message"])
        said = run("pool", "baseline", self.path).stdout
        self.assertIn("test", said)

    def test_weaker_host_joins_after_the_baseline_was_lowered(self):
        document = {**json.loads(self.text()), "hosts": ["new1.json"]}
        self.save(document)
        self.make_plan("--join", str(self.top / "old.json"), vms=())
        before = set(self.baseline())
        answer = self.apply()
        self.assertEqual(self.states(answer), [("lower-baseline", "done"), ("join", "done")])
        left = json.loads(self.text())
        self.assertEqual([h if isinstance(h, str) else h["name"] for h in left["hosts"]],
                         ["new1.json", "old"])
        # Hosts come to it: nothing has to be written down in the end.
        self.assertNotIn("hide", left)
        self.assertLess(set(self.baseline()), before)

    def test_promise_does_not_rise_by_a_host_that_leaves(self):
        """Between a host's leaving and the step that raises the baseline."""
        plan = json.loads(self.text("plan.json"))
        plan["steps"] = [s for s in plan["steps"] if s["do"] in ("migrate", "leave")]
        self.save(plan, "plan.json")
        self.apply()
        self.assertEqual(sorted(self.baseline()), sorted(self.promise))
        self.assertIn("smep", json.loads(self.text())["hide"])

    def test_level_is_raised_live(self):
        self.save({**json.loads(self.text()), "hosts": ["new?.json"], "level": "x86-64-v2"})
        vm = self.hosts["new1"]
        promise = self.baseline()
        vm.add("db", present=list(promise),
               record=self.vm("db", baseline=promise, announced=promise,
                              guest={**GUEST, "xcr0": "0x7"}))
        self.save(vm.vms["db"]["record"], "db.vm")
        done = run("--json", "pool", "plan", self.path, f"new1={self.top}/db.vm", "--level",
                   "x86-64-v3")
        self.save(json.loads(done.stdout), "plan.json")
        answer = self.apply()
        self.assertIn(("raise-baseline", "done"), self.states(answer))
        left = json.loads(self.text())
        self.assertEqual((left["level"], "hide" in left), ("x86-64-v3", False))
        self.assertIn("avx2", self.baseline())

    def test_host_that_changes_is_the_operators_to_change(self):
        profile = json.loads(self.text("new2.json"))
        self.save({**profile, "microcode": "0x123"}, "new2.after")
        self.save({**json.loads(self.text()), "hosts": ["new1.json", "new2.json"]})
        self.make_plan("--replace", str(self.top / "new2.after"), vms=())
        answer = self.apply(code=1)
        self.assertEqual(self.states(answer), [("change", "refused")])
        self.assertIn("new2.after", answer["error"]["message"])
        shutil.copy(self.top / "new2.after", self.top / "new2.json")
        self.assertEqual(self.states(self.apply()), [("change", "found-done")])

    def test_only_the_leaving_hosts_entry_goes(self):
        run("host", "profile", "--model", "Haswell-v1", "--name", "odd", "--out",
            str(self.top / "zz.json"))
        odd = {"file": "zz.json", "control": f"{self.top}/odd.sock"}
        for hosts, left in (
                (["old.json", "new?.json", odd], ["new?.json", odd]),
                (["new?.json", odd, f"{self.top}/old.json"], ["new?.json", odd]),
                ([odd, "o*.json", "new2.json"], [odd, "new2.json"]),
                ([odd, "[no]*[dw2].json"], [odd, "new2.json"])):
            with self.subTest(hosts=hosts):
                self.save({**json.loads(self.text()), "hosts": hosts})
                plan = self.make_plan("--leave", "old", vms=())
                plan["steps"] = [s for s in plan["steps"] if s["do"] == "leave"]
                self.save(plan, "plan.json")
                self.hosts["old"].vms.clear()
                self.apply()
                self.assertEqual(json.loads(self.text())["hosts"], left)
                os.unlink(self.plan + ".done")
                self.save({k: v for k, v in json.loads(self.text()).items() if k != "hide"})

    def test_folder_is_no_pattern(self):
        odd = self.top.parent / f"{self.top.name}[1]*"
        os.rename(self.top, odd)
        os.symlink(odd, self.top)
        self.addCleanup(lambda: (os.unlink(self.top), os.rename(odd, self.top)))
        self.save({**json.loads(self.text()), "hosts": ["*.json"]})
        os.rename(self.top / "plan.json", self.top / "plan")
        done = run("--json", "pool", "apply", f"{odd}/test.pool", f"{odd}/plan", "--receive",
                   self.receive)
        self.assertTrue(json.loads(done.stdout)["complete"])
        self.assertEqual(json.loads(self.text())["hosts"], ["new1.json", "new2.json"])

    def test_pattern_that_brings_the_leaving_host_is_spelled_out(self):
        self.save({**json.loads(self.text()), "hosts": ["*.json"]})
        os.rename(self.plan, self.plan + "2")
        self.plan += "2"
        self.apply()
        self.assertEqual(json.loads(self.text())["hosts"], ["new1.json", "new2.json"])

    # -- bad input ---------------------------------------------------------------------

    def broken(self, change, words, code=2):
        plan = json.loads(self.text("plan.json"))
        change(plan)
        self.save(plan, "broken.json")
        done = run("pool", "apply", self.path, str(self.top / "broken.json"), code=code)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn(words, done.stderr)
        self.assertEqual((self.acts(), self.calls()), ([], []))

    def test_plan_that_makes_no_sense_is_one_error(self):
        def put(*path):
            *front, last, value = path

            def change(plan):
                for key in front:
                    plan = plan[key]
                plan[last] = value
            return change

        self.broken(put("isahp-plan", 99), "newer version")
        self.broken(put("isahp-plan", "1"), "isahp-plan")
        self.broken(put("pool", "other"), "of pool 'other'")
        self.broken(put("change", None), "make it anew")
        self.broken(put("change", "join", [{"host": "x"}]), "file")
        self.broken(put("steps", {}), "steps")
        self.broken(put("steps", 0, "do", "explode"), "steps[0]")
        self.broken(put("steps", 0, "phase", 99), "steps[1]")
        self.broken(put("steps", 0, "vm", "two words"), "steps[0]")
        self.broken(put("steps", 0, "request", "arguments", "vm", "other"), "steps[0]")
        self.broken(put("steps", 0, "request", "command", "vm-remove"), "steps[0]")
        self.broken(put("steps", 3, "request", "arguments", "force", True), "steps[3]")
        self.broken(put("steps", 3, "request", "arguments", "add", ["avx99"]), "steps[3]")
        self.broken(put("steps", 2, "baseline", 7), "steps[2]")
        self.broken(put("baseline", "after", None), "baseline")
        for text, code in (("", 2), ("{", 2), ("[]", 2)):
            (self.top / "broken.json").write_text(text, encoding="utf-8")
            run("pool", "apply", self.path, str(self.top / "broken.json"), code=code)
        run("pool", "apply", self.path, str(self.top / "none"), code=1)
        # What was done of another plan says nothing of this one.
        self.apply()
        plan = json.loads(self.text("plan.json"))
        self.save({**plan, "comment": "anew"}, "plan.json")
        self.assertIn("another plan", self.apply(code=2)["error"]["message"])
        (self.top / "plan.json.done").write_text("{", encoding="utf-8")
        self.apply(code=2)

    def test_plan_that_the_hosts_cannot_keep_leaves_the_file(self):
        plan = json.loads(self.text("plan.json"))
        plan["steps"] = [s for s in plan["steps"] if s["do"] == "raise-baseline"]
        before = self.text()
        self.save(plan, "plan.json")
        # The old host is still there.
        answer = self.apply(code=3)
        self.assertIn("test.pool", answer["error"]["message"])
        self.assertEqual(self.text(), before)

    def test_random_plans_never_crash(self):
        seed = int(os.environ.get("ISAHP_SEED", time.time_ns() % 1000000))
        print(f"seed {seed}", file=sys.stderr)
        random.seed(seed)
        plan = json.loads(self.text("plan.json"))
        values = [None, True, -1, 7, "", "x", "\33[31m", [], {}, ["avx2"], "old", 1e300]

        def mutate(node):
            keys = list(node) if isinstance(node, dict) else range(len(node))
            if not keys:
                return
            key = random.choice(list(keys))
            if isinstance(node[key], (dict, list)) and random.random() < .8:
                mutate(node[key])
            elif random.random() < .2 and isinstance(node, dict):
                del node[key]
            else:
                node[key] = copy.deepcopy(random.choice(values))

        for _ in range(150):
            mutant = copy.deepcopy({k: plan[k] for k in ("isahp-plan", "pool", "change",
                                                         "baseline", "steps", "stuck")})
            for _ in range(random.randint(1, 3)):
                mutate(mutant)
            self.save(mutant, "mutant.json")
            done = subprocess.run([ISAHPCTL, "pool", "apply", self.path,
                                   str(self.top / "mutant.json"), "--dry-run"],
                                  capture_output=True, timeout=PATIENCE, check=False)
            self.assertIn(done.returncode, (0, 1, 2, 3, 5, 6), (mutant, done.stderr))
            self.assertNotIn(b"\033", done.stdout + done.stderr)
        self.assertEqual(self.acts(), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
