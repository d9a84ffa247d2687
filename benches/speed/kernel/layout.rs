//! Where the files of the kernel-scale repository lie.
//!
//! The folders, their sizes and how often they change are about those of Linux 6.1, so that
//! `preset:bpf-next` splits the history as it would split the kernel's: a few folders with
//! hundreds of entries, thousands with a handful, three to six deep.

use std::collections::BTreeSet;

use super::words::Words;
use crate::random::Random;

/// How deep a folder may lie.
const DEEPEST: usize = 6;

/// A part of the kernel that one maintainer looks after.
struct Area {
    folder: &'static str,
    /// Files in it, and folders below it.
    files: usize,
    folders: usize,
    /// How many of a thousand files lie in the folder itself.
    flat: usize,
    /// How many of the commits are its own, against the others.
    activity: usize,
    suffix: &'static str,
}

const fn area(
    folder: &'static str,
    (files, folders): (usize, usize),
    flat: usize,
    activity: usize,
    suffix: &'static str,
) -> Area {
    Area {
        folder,
        files,
        folders,
        flat,
        activity,
        suffix,
    }
}

#[rustfmt::skip]
const AREAS: &[Area] = &[
    area("Documentation", (3700, 260), 20, 26, ".rst"),
    area("Documentation/ABI/testing", (470, 0), 1000, 3, ""),
    area("Documentation/devicetree/bindings", (4300, 170), 5, 34, ".yaml"),
    area("Documentation/networking", (260, 10), 500, 4, ".rst"),
    area("LICENSES", (28, 4), 0, 0, ""),
    area("arch/alpha", (430, 12), 20, 1, ".c"),
    area("arch/arc", (260, 10), 20, 1, ".c"),
    area("arch/arm", (1650, 110), 5, 12, ".c"),
    area("arch/arm/boot/dts", (2600, 1), 990, 22, ".dts"),
    area("arch/arm64", (560, 20), 10, 14, ".c"),
    area("arch/arm64/boot/dts", (2400, 36), 5, 32, ".dts"),
    area("arch/arm64/net", (4, 0), 1000, 1, ".c"),
    area("arch/csky", (170, 10), 20, 1, ".c"),
    area("arch/ia64", (330, 12), 20, 1, ".c"),
    area("arch/loongarch", (250, 12), 20, 3, ".c"),
    area("arch/m68k", (600, 30), 20, 1, ".c"),
    area("arch/mips", (2100, 150), 10, 5, ".c"),
    area("arch/parisc", (330, 12), 20, 2, ".c"),
    area("arch/powerpc", (1900, 60), 10, 12, ".c"),
    area("arch/powerpc/net", (5, 0), 1000, 1, ".c"),
    area("arch/riscv", (430, 22), 10, 8, ".c"),
    area("arch/riscv/net", (5, 0), 1000, 1, ".c"),
    area("arch/s390", (620, 20), 20, 7, ".c"),
    area("arch/s390/net", (2, 0), 1000, 1, ".c"),
    area("arch/sh", (900, 70), 10, 1, ".c"),
    area("arch/sparc", (620, 15), 10, 1, ".c"),
    area("arch/um", (280, 16), 20, 1, ".c"),
    area("arch/x86", (1700, 75), 10, 42, ".c"),
    area("arch/x86/net", (3, 0), 1000, 2, ".c"),
    area("arch/xtensa", (280, 16), 20, 1, ".c"),
    area("block", (110, 1), 900, 8, ".c"),
    area("certs", (16, 0), 1000, 1, ".c"),
    area("crypto", (170, 3), 900, 4, ".c"),
    area("drivers/accessibility", (45, 2), 10, 1, ".c"),
    area("drivers/acpi", (360, 9), 250, 9, ".c"),
    area("drivers/ata", (115, 0), 1000, 4, ".c"),
    area("drivers/atm", (40, 0), 1000, 1, ".c"),
    area("drivers/base", (130, 6), 450, 6, ".c"),
    area("drivers/bcma", (20, 0), 1000, 1, ".c"),
    area("drivers/block", (130, 12), 300, 6, ".c"),
    area("drivers/bluetooth", (46, 0), 1000, 4, ".c"),
    area("drivers/bus", (70, 3), 600, 3, ".c"),
    area("drivers/char", (210, 8), 300, 5, ".c"),
    area("drivers/clk", (1050, 45), 80, 16, ".c"),
    area("drivers/clocksource", (80, 0), 1000, 2, ".c"),
    area("drivers/connector", (4, 0), 1000, 1, ".c"),
    area("drivers/cpufreq", (90, 0), 1000, 4, ".c"),
    area("drivers/crypto", (620, 34), 50, 11, ".c"),
    area("drivers/cxl", (30, 1), 300, 2, ".c"),
    area("drivers/dma", (190, 14), 400, 7, ".c"),
    area("drivers/edac", (75, 0), 1000, 3, ".c"),
    area("drivers/firmware", (190, 16), 300, 7, ".c"),
    area("drivers/gpio", (190, 0), 1000, 9, ".c"),
    area("drivers/gpu/drm", (2300, 150), 60, 60, ".c"),
    area("drivers/gpu/drm/amd", (4500, 190), 2, 62, ".c"),
    area("drivers/gpu/drm/i915", (900, 14), 200, 34, ".c"),
    area("drivers/gpu/drm/nouveau", (1150, 60), 10, 6, ".c"),
    area("drivers/gpu/host1x", (40, 1), 700, 1, ".c"),
    area("drivers/hid", (240, 8), 750, 7, ".c"),
    area("drivers/hwmon", (310, 3), 800, 9, ".c"),
    area("drivers/hwtracing", (80, 4), 20, 2, ".c"),
    area("drivers/i2c", (220, 4), 80, 8, ".c"),
    area("drivers/iio", (1050, 38), 20, 15, ".c"),
    area("drivers/infiniband", (520, 32), 10, 13, ".c"),
    area("drivers/input", (520, 12), 30, 7, ".c"),
    area("drivers/iommu", (85, 5), 500, 7, ".c"),
    area("drivers/irqchip", (125, 0), 1000, 4, ".c"),
    area("drivers/isdn", (80, 5), 10, 1, ".c"),
    area("drivers/leds", (140, 7), 600, 3, ".c"),
    area("drivers/mailbox", (40, 0), 1000, 2, ".c"),
    area("drivers/md", (190, 4), 500, 7, ".c"),
    area("drivers/media", (2150, 130), 5, 30, ".c"),
    area("drivers/memory", (60, 2), 600, 2, ".c"),
    area("drivers/mfd", (270, 0), 1000, 8, ".c"),
    area("drivers/misc", (380, 18), 300, 9, ".c"),
    area("drivers/mmc", (160, 2), 10, 7, ".c"),
    area("drivers/mtd", (380, 18), 150, 8, ".c"),
    area("drivers/net", (90, 0), 1000, 6, ".c"),
    area("drivers/net/can", (120, 14), 150, 4, ".c"),
    area("drivers/net/dsa", (150, 8), 150, 6, ".c"),
    area("drivers/net/ethernet", (2450, 130), 20, 24, ".c"),
    area("drivers/net/ethernet/intel", (420, 13), 20, 14, ".c"),
    area("drivers/net/ethernet/mellanox", (520, 22), 5, 15, ".c"),
    area("drivers/net/ethernet/netronome/nfp", (150, 8), 300, 2, ".c"),
    area("drivers/net/phy", (120, 2), 800, 6, ".c"),
    area("drivers/net/usb", (50, 0), 1000, 2, ".c"),
    area("drivers/net/wireless", (1900, 80), 10, 30, ".c"),
    area("drivers/nfc", (70, 8), 200, 1, ".c"),
    area("drivers/nvdimm", (30, 0), 1000, 1, ".c"),
    area("drivers/nvme", (50, 2), 10, 5, ".c"),
    area("drivers/nvmem", (40, 0), 1000, 2, ".c"),
    area("drivers/of", (40, 1), 600, 3, ".c"),
    area("drivers/parisc", (25, 0), 1000, 1, ".c"),
    area("drivers/pci", (250, 9), 350, 11, ".c"),
    area("drivers/perf", (60, 1), 800, 3, ".c"),
    area("drivers/phy", (270, 30), 30, 7, ".c"),
    area("drivers/pinctrl", (560, 30), 150, 12, ".c"),
    area("drivers/platform/x86", (220, 12), 550, 10, ".c"),
    area("drivers/platform", (90, 4), 10, 3, ".c"),
    area("drivers/power", (230, 2), 10, 6, ".c"),
    area("drivers/ptp", (26, 0), 1000, 2, ".c"),
    area("drivers/pwm", (70, 0), 1000, 3, ".c"),
    area("drivers/ras", (6, 0), 1000, 1, ".c"),
    area("drivers/regulator", (200, 0), 1000, 6, ".c"),
    area("drivers/remoteproc", (50, 0), 1000, 2, ".c"),
    area("drivers/reset", (60, 3), 600, 2, ".c"),
    area("drivers/rtc", (180, 0), 1000, 3, ".c"),
    area("drivers/s390", (220, 6), 10, 5, ".c"),
    area("drivers/s390/net", (34, 0), 1000, 2, ".c"),
    area("drivers/scsi", (900, 46), 300, 20, ".c"),
    area("drivers/soc", (380, 34), 5, 11, ".c"),
    area("drivers/soundwire", (35, 0), 1000, 2, ".c"),
    area("drivers/spi", (165, 0), 1000, 9, ".c"),
    area("drivers/ssb", (24, 0), 1000, 1, ".c"),
    area("drivers/staging", (1650, 150), 2, 36, ".c"),
    area("drivers/target", (75, 4), 400, 3, ".c"),
    area("drivers/thermal", (120, 9), 300, 5, ".c"),
    area("drivers/thunderbolt", (36, 0), 1000, 2, ".c"),
    area("drivers/tty", (270, 6), 60, 11, ".c"),
    area("drivers/usb", (1050, 36), 10, 22, ".c"),
    area("drivers/vfio", (60, 6), 300, 3, ".c"),
    area("drivers/vhost", (16, 0), 1000, 2, ".c"),
    area("drivers/video", (520, 20), 10, 7, ".c"),
    area("drivers/virtio", (25, 0), 1000, 2, ".c"),
    area("drivers/watchdog", (200, 0), 1000, 3, ".c"),
    area("drivers/xen", (85, 3), 700, 2, ".c"),
    area("fs", (1500, 80), 75, 24, ".c"),
    area("fs/btrfs", (150, 1), 900, 16, ".c"),
    area("fs/cifs", (80, 0), 1000, 8, ".c"),
    area("fs/ext4", (55, 0), 1000, 6, ".c"),
    area("fs/f2fs", (36, 0), 1000, 6, ".c"),
    area("fs/nfs", (110, 4), 600, 6, ".c"),
    area("fs/xfs", (280, 3), 400, 11, ".c"),
    area("fs/ocfs2", (120, 3), 700, 2, ".c"),
    area("include/acpi", (60, 3), 300, 2, ".h"),
    area("include/asm-generic", (180, 2), 900, 3, ".h"),
    area("include/crypto", (100, 2), 700, 1, ".h"),
    area("include/drm", (130, 4), 700, 6, ".h"),
    area("include/dt-bindings", (900, 28), 5, 9, ".h"),
    area("include/dt-bindings/net", (14, 0), 1000, 1, ".h"),
    area("include/keys", (16, 0), 1000, 1, ".h"),
    area("include/kunit", (16, 0), 1000, 1, ".h"),
    area("include/linux", (1500, 0), 1000, 36, ".h"),
    area("include/linux/amba", (22, 0), 1000, 1, ".h"),
    area("include/linux/bpf", (12, 0), 1000, 2, ".h"),
    area("include/linux/can", (20, 2), 700, 1, ".h"),
    area("include/linux/clk", (22, 0), 1000, 1, ".h"),
    area("include/linux/mfd", (260, 14), 600, 4, ".h"),
    area("include/linux/mlx5", (22, 0), 1000, 3, ".h"),
    area("include/linux/netfilter", (40, 2), 500, 1, ".h"),
    area("include/linux/platform_data", (300, 8), 900, 2, ".h"),
    area("include/linux/soc", (120, 12), 5, 3, ".h"),
    area("include/linux/usb", (90, 0), 1000, 2, ".h"),
    area("include/media", (190, 6), 450, 2, ".h"),
    area("include/net", (330, 13), 780, 14, ".h"),
    area("include/rdma", (34, 0), 1000, 1, ".h"),
    area("include/scsi", (60, 2), 700, 2, ".h"),
    area("include/soc", (120, 14), 5, 2, ".h"),
    area("include/sound", (230, 2), 800, 4, ".h"),
    area("include/trace/events", (190, 0), 1000, 4, ".h"),
    area("include/uapi", (190, 10), 5, 3, ".h"),
    area("include/uapi/linux", (560, 26), 700, 8, ".h"),
    area("include/video", (60, 0), 1000, 1, ".h"),
    area("include/xen", (75, 3), 400, 1, ".h"),
    area("init", (15, 0), 1000, 2, ".c"),
    area("io_uring", (62, 0), 1000, 7, ".c"),
    area("ipc", (14, 0), 1000, 1, ".c"),
    area("kernel", (130, 3), 850, 14, ".c"),
    area("kernel/bpf", (55, 2), 850, 16, ".c"),
    area("kernel/cgroup", (16, 0), 1000, 2, ".c"),
    area("kernel/irq", (32, 0), 1000, 2, ".c"),
    area("kernel/locking", (34, 0), 1000, 2, ".c"),
    area("kernel/rcu", (26, 0), 1000, 4, ".c"),
    area("kernel/sched", (42, 0), 1000, 7, ".c"),
    area("kernel/time", (46, 0), 1000, 3, ".c"),
    area("kernel/trace", (110, 1), 950, 9, ".c"),
    area("lib", (350, 25), 700, 10, ".c"),
    area("mm", (150, 3), 800, 24, ".c"),
    area("net", (340, 24), 20, 5, ".c"),
    area("net/802", (12, 0), 1000, 1, ".c"),
    area("net/batman-adv", (80, 0), 1000, 2, ".c"),
    area("net/bluetooth", (50, 4), 700, 5, ".c"),
    area("net/bpf", (4, 0), 1000, 1, ".c"),
    area("net/bridge", (60, 1), 700, 3, ".c"),
    area("net/core", (75, 0), 1000, 12, ".c"),
    area("net/dsa", (30, 0), 1000, 2, ".c"),
    area("net/ethtool", (32, 0), 1000, 2, ".c"),
    area("net/ipv4", (130, 2), 800, 11, ".c"),
    area("net/ipv6", (100, 2), 750, 7, ".c"),
    area("net/mac80211", (75, 0), 1000, 8, ".c"),
    area("net/mptcp", (30, 0), 1000, 5, ".c"),
    area("net/netfilter", (230, 2), 800, 8, ".c"),
    area("net/rxrpc", (45, 0), 1000, 2, ".c"),
    area("net/sched", (90, 0), 1000, 5, ".c"),
    area("net/sctp", (40, 0), 1000, 2, ".c"),
    area("net/smc", (42, 0), 1000, 2, ".c"),
    area("net/sunrpc", (75, 2), 500, 4, ".c"),
    area("net/tipc", (50, 0), 1000, 1, ".c"),
    area("net/unix", (9, 0), 1000, 1, ".c"),
    area("net/wireless", (50, 1), 900, 5, ".c"),
    area("net/xdp", (10, 0), 1000, 1, ".c"),
    area("net/xfrm", (22, 0), 1000, 2, ".c"),
    area("rust", (90, 14), 60, 2, ".rs"),
    area("samples", (290, 40), 10, 2, ".c"),
    area("samples/bpf", (110, 0), 1000, 2, ".c"),
    area("scripts", (440, 18), 300, 9, ".py"),
    area("security", (260, 14), 60, 7, ".c"),
    area("security/bpf", (3, 0), 1000, 1, ".c"),
    area("sound", (900, 60), 20, 13, ".c"),
    area("sound/pci", (340, 26), 180, 9, ".c"),
    area("sound/soc", (2150, 56), 10, 36, ".c"),
    area("tools", (900, 80), 5, 10, ".c"),
    area("tools/lib", (160, 8), 80, 4, ".c"),
    area("tools/net/ynl", (30, 3), 200, 1, ".py"),
    area("tools/perf", (2300, 96), 30, 20, ".c"),
    area("tools/testing", (700, 60), 5, 4, ".c"),
    area("tools/testing/selftests", (3400, 230), 5, 14, ".c"),
    area("tools/testing/selftests/bpf", (1300, 8), 60, 12, ".c"),
    area("tools/testing/selftests/net", (330, 12), 400, 6, ".sh"),
    area("usr", (14, 2), 500, 1, ".c"),
    area("virt/kvm", (16, 0), 1000, 2, ".c"),
];

/// Files that patterns of the preset name, and what is beside them.
const NAMED: &[&str] = &[
    "arch/s390/net/pnet.c",
    "arch/x86/net/bpf_jit_comp.c",
    "drivers/net/netkit.c",
    "drivers/vhost/net.c",
    "include/linux/bpf.h",
    "include/linux/bpf-netns.h",
    "include/linux/bpf_verifier.h",
    "include/linux/btf.h",
    "include/linux/etherdevice.h",
    "include/linux/ethtool.h",
    "include/linux/if_vlan.h",
    "include/linux/mii.h",
    "include/linux/net.h",
    "include/linux/netdevice.h",
    "include/linux/netfs.h",
    "include/linux/netlink.h",
    "include/linux/phy.h",
    "include/linux/phylink.h",
    "include/linux/skbuff.h",
    "include/linux/skmsg.h",
    "include/linux/virtio_net.h",
    "include/net/bpf_sk_storage.h",
    "include/net/netkit.h",
    "include/net/tcx.h",
    "include/trace/events/tcp.h",
    "include/trace/events/xdp.h",
    "include/uapi/linux/bpf.h",
    "include/uapi/linux/if_link.h",
    "include/uapi/linux/pkt_cls.h",
    "kernel/bpf/bpf_struct_ops.c",
    "kernel/bpf/btf.c",
    "kernel/bpf/core.c",
    "kernel/bpf/cpumap.c",
    "kernel/bpf/devmap.c",
    "kernel/bpf/helpers.c",
    "kernel/bpf/syscall.c",
    "kernel/bpf/tcx.c",
    "kernel/bpf/verifier.c",
    "lib/rhashtable.c",
    "net/bpf/test_run.c",
    "net/core/bpf_sk_storage.c",
    "net/core/dev.c",
    "net/core/filter.c",
    "net/core/skbuff.c",
    "net/core/sock_map.c",
    "net/ipv4/tcp.c",
    "net/ipv4/tcp_bpf.c",
    "net/sched/act_bpf.c",
    "net/sched/cls_api.c",
    "net/xdp/xsk.c",
    "scripts/bpf_doc.py",
];

/// Files that are in every folder of code.
const USUAL: &[&str] = &["Makefile", "Kconfig"];

const TOP: &[&str] = &[
    ".clang-format",
    ".gitattributes",
    ".gitignore",
    ".mailmap",
    "COPYING",
    "CREDITS",
    "Kbuild",
    "Kconfig",
    "MAINTAINERS",
    "Makefile",
    "README",
];

/// All files that there ever are, by place: the folder's files are a range of `paths`.
pub struct Layout {
    pub paths: Vec<String>,
    pub folders: Vec<Folder>,
    /// Folders of one area, and how active it is.
    pub regions: Vec<Region>,
}

/// The files of one folder: those of `paths` from `first`, so many of them.
pub struct Folder {
    pub first: usize,
    pub files: usize,
}

/// A part of the kernel: folders from `first`, so many of them.
pub struct Region {
    pub first: usize,
    pub folders: usize,
    pub activity: usize,
}

impl Layout {
    /// A layout with one in `shrink` of the files.
    pub fn new(random: &mut Random, words: &Words, shrink: usize) -> Self {
        let mut layout = Self {
            paths: Vec::new(),
            folders: Vec::new(),
            regions: Vec::new(),
        };
        for area in AREAS {
            let first = layout.folders.len();
            layout.fill(area, random, words, shrink);
            layout.regions.push(Region {
                first,
                folders: layout.folders.len() - first,
                activity: area.activity,
            });
        }
        layout.top();
        layout
    }

    fn fill(&mut self, area: &Area, random: &mut Random, words: &Words, shrink: usize) {
        let names = folders_of(area, random, words, shrink);
        let files = (area.files / shrink).max(names.len() * 2);
        for (at, count) in shares(files, area.flat, names.len())
            .into_iter()
            .enumerate()
        {
            let folder = &names[at];
            let first = self.paths.len();
            let mut found: BTreeSet<String> = NAMED
                .iter()
                .filter(|path| path.rsplit_once('/').is_some_and(|(of, _)| of == folder))
                .map(|path| (*path).to_owned())
                .collect();
            if area.suffix == ".c" {
                found.extend(USUAL.iter().map(|name| format!("{folder}/{name}")));
            }
            while found.len() < count {
                found.insert(format!("{folder}/{}", file_name(area, random, words)));
            }
            self.folders.push(Folder {
                first,
                files: found.len(),
            });
            self.paths.extend(found);
        }
    }

    fn top(&mut self) {
        self.regions.push(Region {
            first: self.folders.len(),
            folders: 1,
            activity: 6,
        });
        self.folders.push(Folder {
            first: self.paths.len(),
            files: TOP.len(),
        });
        self.paths.extend(TOP.iter().map(|name| (*name).to_owned()));
    }
}

/// The area's own folder, and then those below it.
fn folders_of(area: &Area, random: &mut Random, words: &Words, shrink: usize) -> Vec<String> {
    let mut names = vec![area.folder.to_owned()];
    let taken: BTreeSet<&str> = AREAS.iter().map(|other| other.folder).collect();
    while names.len() <= area.folders.div_ceil(shrink) && area.folders > 0 {
        let above = &names[random.skewed(names.len())];
        if above.matches('/').count() + 2 > DEEPEST {
            continue;
        }
        let name = format!("{above}/{}", words.name(random));
        if !names.contains(&name) && !taken.contains(name.as_str()) {
            names.push(name);
        }
    }
    names
}

/// How many of the files lie in each of so many folders: `flat` of a thousand in the first, and
/// of the others each gets fewer than the one before it.
fn shares(files: usize, flat: usize, folders: usize) -> Vec<usize> {
    let first = match folders {
        1 => files,
        _ => (files * flat / 1000).max(2),
    };
    let weight = |at: usize| 1_000_000 / (at + 8);
    let all: usize = (1..folders).map(weight).sum();
    let rest = files.saturating_sub(first);
    let others = (1..folders).map(|at| (rest * weight(at) / all).max(2));
    std::iter::once(first).chain(others).collect()
}

fn file_name(area: &Area, random: &mut Random, words: &Words) -> String {
    let suffix = match area.suffix {
        ".c" if random.per_mille(330) => ".h",
        ".dts" if random.per_mille(250) => ".dtsi",
        suffix => suffix,
    };
    let joint = match suffix {
        ".dts" | ".dtsi" | ".rst" | ".yaml" | ".sh" | "" => '-',
        _ => '_',
    };
    let mut name = words.name(random).to_owned();
    for _ in 0..random.within(1, 2) {
        name.push(joint);
        name.push_str(words.name(random));
    }
    name + suffix
}
