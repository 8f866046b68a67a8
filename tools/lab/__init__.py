# SPDX-License-Identifier: MIT
"""The lab: guests under QEMU for isahp's tests, its demo and its developers.

One noun, one module: `kernel` and `image` make what is booted, `vm` runs it,
`link` and `agent` talk to it, `qmp` talks to QEMU, `shim` runs isahpd,
`host` joins CPU model and shim and moves VMs between hosts, `nested` makes a
guest a KVM host, `e2e` is what a test script starts with. Run
`python3 -m lab --help` for the commands.
"""
