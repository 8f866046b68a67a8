# SPDX-License-Identifier: MIT
"""Isahpds that tests play, to see what isahpctl asks of them: hosts by name, each
with a control socket, and VMs that move from one to the other."""
import json
import os
import socket
import threading

PATIENCE = 60


def error(code, message, data=None):
    classes = {1: "failed", 2: "usage", 3: "policy", 4: "unacknowledged", 6: "no-vm",
               7: "cancelled"}
    answer = {"error": {"class": classes[code], "exit": code, "message": message}}
    return {**answer, "data": data} if data else answer


class StandIn:
    """One isahpd. `vms`: {name: {"present": [...], "run_state": ...}}. `refuse`:
    {command: answer}, instead of doing it. An `old` one knows no records."""

    def __init__(self, folder, name, features=(), old=False):
        self.name = name
        self.path = os.path.join(str(folder), f"{name}.sock")
        self.features = list(features)
        self.old = old
        self.vms = {}
        self.refuse = {}
        self.asked = []
        self.to = {}
        # Set: a migration goes on until its client goes away.
        self.endless = False
        self.moving = threading.Event()
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.path)
        self.server.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        try:
            self.server.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.server.close()
        os.unlink(self.path)

    def accept(self):
        while True:
            try:
                client = self.server.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        client.settimeout(PATIENCE)
        with client, client.makefile("rb") as lines:
            for line in lines:
                request = json.loads(line)
                answer = self.answer(request["command"], request.get("arguments", {}),
                                     client)
                try:
                    client.sendall(json.dumps(answer).encode() + b"\n")
                except OSError:
                    return

    def answer(self, command, args, client):
        self.asked.append((command, args))
        if command in self.refuse:
            return self.refuse[command]
        do = getattr(self, "do_" + command.replace("-", "_"), None)
        if not do or (self.old and command in ("vm-record", "vm-admit")):
            return error(2, f"unknown command '{command}': is isahpctl newer than isahpd?")
        if "vm" in args and args["vm"] not in self.vms:
            return error(6, f"no VM '{args['vm']}'")
        answer = do(args, client)
        return answer if "error" in answer else {"data": answer}

    # -- a VM ------------------------------------------------------------------

    def add(self, name, run_state="running", **more):
        """It runs here, or is awaited; the host's features are its own."""
        self.vms[name] = {"run_state": run_state, "present": list(self.features),
                          "record": {"isahp-vm": 1, "name": name, "masked": True,
                                     "vendor": "intel"}, **more}

    def show(self, name):
        vm = self.vms[name]
        shown = {"name": name, "kind": "ivshmem", "run_state": vm["run_state"],
                 "attached": True, "phase": "steady", "masked": True,
                 "host_features": self.features, "host_vendor": "intel",
                 "record": {"type": "commit", "present": vm["present"], "vendor": "intel"},
                 "answer": {"ack_ms": 1.0}, "guest": {"registered": True}}
        return shown if self.old else {**shown, "attributes": {"format": 1}}

    def do_vm_list(self, _args, _client):
        return {"vms": [self.show(name) for name in self.vms]}

    def do_vm_show(self, args, _client):
        return self.show(args["vm"])

    do_vm_await = do_vm_show

    def do_vm_record(self, args, _client):
        vm = self.vms[args["vm"]]
        record = {**vm["record"], "announced": vm["present"]}
        return {"record": record, "untold": [], "host_errata": ["tsa"]}

    def do_vm_admit(self, args, _client):
        self.vms[args["vm"]]["record"] = args["record"]
        return {"admission": {"verdict": "admitted", "refusals": []}}

    def do_announce(self, args, _client):
        vm = self.vms[args["vm"]]
        gone = set(args.get("remove", []))
        vm["present"] = [f for f in vm["present"] if f not in gone] + args.get("add", [])
        return {"vm": args["vm"], "verdict": "ack", "sequence": 2}

    def do_migrate(self, args, client):
        if self.endless:
            self.moving.set()
            client.recv(1)
            return error(7, f"cancelled; VM '{args['vm']}' runs on here, as before")
        there = self.to[args["uri"]]
        vm = self.vms[args["vm"]]
        vm["run_state"] = "migrated"
        there.vms[args["vm"]].update(run_state="running", present=list(vm["present"]))
        return {"vm": args["vm"], "total_ms": 1.0, "downtime_ms": 1.0, "left": [],
                "registered": True}
