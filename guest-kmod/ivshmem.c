// SPDX-License-Identifier: GPL-2.0-only
/*
 * ivshmem-doorbell: QEMU's shared memory device with isahpd as its server.
 *
 * BAR 0 registers (docs/specs/ivshmem-spec.rst of QEMU), BAR 1 MSI-X, BAR 2 the
 * shared memory.
 */
#define pr_fmt(fmt) "isahp: " fmt
#include <linux/interrupt.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/pci.h>
#include "attachment.h"
#include "channel.h"
#include "transport.h"

#define IVSHMEM_VENDOR 0x1af4
#define IVSHMEM_DEVICE 0x1110
#define IVSHMEM_REVISION 1
#define IVSHMEM_DOORBELL 12	/* peer << 16 | vector */

#define BAR_REGISTERS 0
#define BAR_MEMORY 2

/**
 * struct ivshmem - one device
 * @transport: what the rest of the module sees.
 * @pdev: the device.
 * @registers: BAR 0.
 * @irqs: vectors that were requested.
 */
struct ivshmem {
	struct isahp_transport transport;
	struct pci_dev *pdev;
	void __iomem *registers;
	int irqs;
};

static void ivshmem_ring(struct isahp_transport *transport)
{
	struct ivshmem *iv = container_of(transport, struct ivshmem, transport);

	/* writel() orders the request's stores before the doorbell. */
	writel(ISAHP_PEER_HOST << 16 | ISAHP_VECTOR_REQUEST,
	       iv->registers + IVSHMEM_DOORBELL);
}

static bool rearm = true;
module_param(rearm, bool, 0444);
MODULE_PARM_DESC(rearm,
		 "set up interrupts again on a new host (default 1; 0: only to show that KVM needs it)");

/*
 * Under KVM, QEMU wires an eventfd of the server to a vector when MSI-X goes
 * from disabled to enabled, and only then: after a migration the new shim could
 * not interrupt this guest until that happens once more. What rings in between
 * is lost, which costs nothing: the caller looks at the slots afterwards.
 */
static void ivshmem_rearm(struct isahp_transport *transport)
{
	struct ivshmem *iv = container_of(transport, struct ivshmem, transport);
	int pos = iv->pdev->msix_cap + PCI_MSIX_FLAGS;
	u16 control;

	if (!rearm || pci_read_config_word(iv->pdev, pos, &control))
		return;
	pci_write_config_word(iv->pdev, pos, control & ~PCI_MSIX_FLAGS_ENABLE);
	pci_write_config_word(iv->pdev, pos, control | PCI_MSIX_FLAGS_ENABLE);
}

static const struct isahp_transport_ops ivshmem_ops = {
	.name = "ivshmem-doorbell",
	.ring = ivshmem_ring,
	.rearm = ivshmem_rearm,
};

static irqreturn_t ivshmem_record_irq(int irq, void *data)
{
	isahp_attachment_rung(ISAHP_VECTOR_RECORD);
	return IRQ_HANDLED;
}

static irqreturn_t ivshmem_reply_irq(int irq, void *data)
{
	isahp_attachment_rung(ISAHP_VECTOR_REPLY);
	return IRQ_HANDLED;
}

static int ivshmem_map(struct ivshmem *iv)
{
	struct pci_dev *pdev = iv->pdev;
	void *memory;
	int err;

	if (pci_resource_len(pdev, BAR_MEMORY) < ISAHP_GUEST_PAGE + ISAHP_PAGE_SIZE)
		return -ENODEV;
	err = pcim_iomap_regions(pdev, BIT(BAR_REGISTERS), "isahp");
	if (err)
		return err;
	iv->registers = pcim_iomap_table(pdev)[BAR_REGISTERS];
	/* Memory of the host's: cacheable, and coherent with its accesses. */
	memory = devm_memremap(&pdev->dev, pci_resource_start(pdev, BAR_MEMORY),
			       ISAHP_GUEST_PAGE + ISAHP_PAGE_SIZE, MEMREMAP_WB);
	if (IS_ERR(memory))
		return PTR_ERR(memory);
	iv->transport.ops = &ivshmem_ops;
	iv->transport.host_page = memory + ISAHP_HOST_PAGE;
	iv->transport.guest_page = memory + ISAHP_GUEST_PAGE;
	return 0;
}

static int ivshmem_request_irqs(struct ivshmem *iv)
{
	static const irq_handler_t handlers[ISAHP_VECTORS] = {
		[ISAHP_VECTOR_RECORD] = ivshmem_record_irq,
		[ISAHP_VECTOR_REPLY] = ivshmem_reply_irq,
	};
	int err = pci_alloc_irq_vectors(iv->pdev, ISAHP_VECTORS, ISAHP_VECTORS,
					PCI_IRQ_MSIX);

	if (err < 0)
		return err;
	for (iv->irqs = 0; iv->irqs < ISAHP_VECTORS; iv->irqs++) {
		err = request_irq(pci_irq_vector(iv->pdev, iv->irqs),
				  handlers[iv->irqs], 0, "isahp", iv);
		if (err)
			return err;
	}
	return 0;
}

static void ivshmem_free_irqs(struct ivshmem *iv)
{
	while (iv->irqs)
		free_irq(pci_irq_vector(iv->pdev, --iv->irqs), iv);
	pci_free_irq_vectors(iv->pdev);
}

static int ivshmem_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct ivshmem *iv;
	int err;

	/* Revision 0 is the ivshmem of before QEMU 2.6. */
	if (pdev->revision != IVSHMEM_REVISION)
		return -ENODEV;
	iv = devm_kzalloc(&pdev->dev, sizeof(*iv), GFP_KERNEL);
	if (!iv)
		return -ENOMEM;
	iv->pdev = pdev;
	pci_set_drvdata(pdev, iv);
	err = pcim_enable_device(pdev);
	if (err)
		return err;
	err = ivshmem_map(iv);
	if (err)
		return err;
	pci_set_master(pdev);
	err = ivshmem_request_irqs(iv);
	if (err)
		goto err_irqs;
	err = isahp_attachment_begin(&iv->transport);
	if (err)
		goto err_irqs;
	return 0;

err_irqs:
	ivshmem_free_irqs(iv);
	return dev_err_probe(&pdev->dev, err, "cannot be isahp's channel\n");
}

static void ivshmem_remove(struct pci_dev *pdev)
{
	struct ivshmem *iv = pci_get_drvdata(pdev);

	isahp_attachment_end(&iv->transport);
	ivshmem_free_irqs(iv);
}

/*
 * Reboot, power off and kexec: the host must not go on believing what this
 * kernel has acknowledged. A crash kernel does not come this way; its module
 * registers, and that says as much.
 */
static void ivshmem_shutdown(struct pci_dev *pdev)
{
	ivshmem_remove(pdev);
}

static const struct pci_device_id ivshmem_ids[] = {
	{ PCI_DEVICE(IVSHMEM_VENDOR, IVSHMEM_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, ivshmem_ids);

static struct pci_driver ivshmem_driver = {
	.name = "isahp",
	.id_table = ivshmem_ids,
	.probe = ivshmem_probe,
	.remove = ivshmem_remove,
	.shutdown = ivshmem_shutdown,
};

int isahp_ivshmem_register(void)
{
	return pci_register_driver(&ivshmem_driver);
}

void isahp_ivshmem_unregister(void)
{
	pci_unregister_driver(&ivshmem_driver);
}
