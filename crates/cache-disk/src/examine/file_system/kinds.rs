//! The kinds of file systems that Linux has, by the number that `statfs` gives.

#![cfg(target_os = "linux")]

use super::Nature::{self, Layered, Local, Memory, Network};

/// Everything that a program serves has this number.
pub(super) const FUSE: u32 = 0x6573_5546;

/// From `linux/magic.h` and the manual page of `statfs`; those that are not in the kernel's tree from
/// their own sources.
const KINDS: [(u32, &str, Nature); 49] = [
    (0x0000_ef53, "ext4", Local), // ext2 and ext3 too
    (0x5846_5342, "xfs", Local),
    (0x9123_683e, "btrfs", Local),
    (0x2fc1_2fc1, "zfs", Local),
    (0xca45_1a4e, "bcachefs", Local),
    (0xf2f5_2010, "f2fs", Local),
    (0x5265_4973, "reiserfs", Local),
    (0x3153_464a, "jfs", Local),
    (0x0000_3434, "nilfs2", Local),
    (0x0000_f15f, "ecryptfs", Local),
    (0x0000_4d44, "vfat", Local),
    (0x2011_bab0, "exfat", Local),
    (0x5346_544e, "ntfs", Local),
    (0x7366_746e, "ntfs3", Local),
    (0x0000_482b, "hfsplus", Local),
    (0x4244, "hfs", Local),
    (0x0001_1954, "ufs", Local),
    (0x1501_3346, "udf", Local),
    (0x0000_9660, "iso9660", Local),
    (0x7371_7368, "squashfs", Local),
    (0xe0f5_e1e2, "erofs", Local),
    (0x28cd_3d45, "cramfs", Local),
    (0x2405_1905, "ubifs", Local),
    (0x0000_72b6, "jffs2", Local),
    (0x0102_1994, "tmpfs", Memory),
    (0x8584_58f6, "ramfs", Memory),
    (0x9584_58f6, "hugetlbfs", Memory),
    (0x794c_7630, "overlayfs", Layered),
    (0x6175_6673, "aufs", Layered),
    (0x0000_6969, "nfs", Network),
    (0x0000_517b, "smb", Network),
    (0xff53_4d42, "cifs", Network),
    (0xfe53_4d42, "smb2", Network),
    // Virtual machines, and the Windows drives of WSL.
    (0x0102_1997, "9p", Network),
    (0x5346_414f, "afs", Network), // OpenAFS
    (0x6b41_4653, "afs", Network), // the kernel's
    (0x00c3_6400, "ceph", Network),
    (0x0bd0_0bd0, "lustre", Network),
    (0x4750_4653, "gpfs", Network),
    (0x1983_0326, "beegfs", Network),
    (0xaad7_aaea, "panfs", Network),
    (0x7375_7245, "coda", Network),
    (0x0000_564c, "ncp", Network),
    (0x7461_636f, "ocfs2", Network),
    (0x0116_1970, "gfs2", Network),
    (0x6163_6673, "acfs", Network),
    (0x786f_4256, "vboxsf", Network),
    (0xbacb_acbc, "vmhgfs", Network),
    (0x7c7c_6673, "prl_fs", Network),
];

/// The kind with that number; `None`: it is not known.
pub(super) fn by_magic(magic: u32) -> Option<(&'static str, Nature)> {
    KINDS.iter().find(|kind| kind.0 == magic).map(|&(_, name, nature)| (name, nature))
}

/// What a kind of FUSE is: nobody knows them all, and most are there to reach another machine.
pub(super) fn of_fuse(name: &str) -> Nature {
    match name {
        // On a disk of this machine, as NTFS through ntfs-3g is.
        "fuseblk" | "fuse.bindfs" | "fuse.zfs" | "fuse.ntfs-3g" | "fuse.gocryptfs" => Local,
        "fuse.fuse-overlayfs" | "fuse.overlayfs" | "fuse.unionfs" | "fuse.mergerfs" => Layered,
        _ => Network,
    }
}

/// The kind of what is mounted from the device `MAJOR:MINOR`, by the lines of
/// `/proc/self/mountinfo`: `36 35 0:42 / /mnt/share rw,relatime shared:1 - fuse.sshfs host: rw`.
pub(super) fn mounted_as<'a>(mountinfo: &'a str, device: &str) -> Option<&'a str> {
    mountinfo.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        (mount.split(' ').nth(2)? == device).then_some(kind.split(' ').next()?)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn network_file_systems_are_known_by_their_numbers() {
        for (magic, name) in [
            (0x6969, "nfs"),
            (0x517b, "smb"),
            (0xff53_4d42, "cifs"),
            (0xfe53_4d42, "smb2"),
            (0x0102_1997, "9p"),
            (0x5346_414f, "afs"),
            (0x6b41_4653, "afs"),
            (0x00c3_6400, "ceph"),
            (0x0bd0_0bd0, "lustre"),
            (0x4750_4653, "gpfs"),
            (0x1983_0326, "beegfs"),
        ] {
            assert_eq!(by_magic(magic), Some((name, Network)), "{name}");
        }
    }

    #[test]
    fn local_ones_memory_and_layers_are_told_apart() {
        assert_eq!(by_magic(0xef53), Some(("ext4", Local)));
        assert_eq!(by_magic(0x5846_5342), Some(("xfs", Local)));
        assert_eq!(by_magic(0x9123_683e), Some(("btrfs", Local)));
        assert_eq!(by_magic(0x0102_1994), Some(("tmpfs", Memory)));
        assert_eq!(by_magic(0x794c_7630), Some(("overlayfs", Layered)));
        assert_eq!(by_magic(0x1234_5678), None);
    }

    #[test]
    fn no_number_stands_for_two_kinds() {
        let numbers: HashSet<u32> = KINDS.iter().map(|kind| kind.0).chain([FUSE]).collect();
        assert_eq!(numbers.len(), KINDS.len() + 1);
    }

    #[test]
    fn a_kind_of_fuse_is_named_by_its_mount() {
        let mounts = "22 28 0:21 / /sys rw,relatime shared:7 - sysfs sysfs rw\n\
                      90 28 0:42 / /home/u/a\\040share rw shared:1 master:2 - fuse.sshfs h:/ rw\n\
                      91 28 8:17 / /mnt/disk rw - fuseblk /dev/sdb1 rw\n";
        assert_eq!(mounted_as(mounts, "0:42"), Some("fuse.sshfs"));
        assert_eq!(mounted_as(mounts, "8:17"), Some("fuseblk"));
        assert_eq!(mounted_as(mounts, "8:1"), None);
        assert_eq!(of_fuse("fuse.sshfs"), Network);
        assert_eq!(of_fuse("fuse"), Network);
        assert_eq!(of_fuse("fuseblk"), Local);
        assert_eq!(of_fuse("fuse.fuse-overlayfs"), Layered);
    }
}
