#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Makes what tests/linux.sh boots, from Debian packages only: a stock riscv64 kernel (./vmlinux), an initramfs with
# busybox and the modules for an ext4 disk (./initrd), and an ext4 disk (./disk). apt runs with a configuration of its
# own in that directory; the mirror is the one that apt uses here.
#
#   tests/linux-prepare.sh DIRECTORY      SUITE=trixie
set -eu -o pipefail
[ $# = 1 ] || { echo "usage: tests/linux-prepare.sh DIRECTORY" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
cd "$1"
dir=$PWD
suite=${SUITE:-trixie}

die() { echo "linux-prepare: $*" >&2; exit 1; }

mirror() { # the URI of the Debian archive that apt uses for this release
    . /etc/os-release
    apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
        awk -v want="${VERSION_CODENAME:-}" '$1 == want { print $2; exit }'
}

configure_apt() {
    local uri
    uri=$(mirror)
    [ -n "$uri" ] || die "apt knows no Debian mirror for this release"
    mkdir -p apt/lists/partial apt/cache/archives/partial apt/parts
    : >apt/status
    echo "deb [arch=riscv64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $suite main" >apt/sources.list
    cat >apt/apt.conf <<CONF
Dir::Etc::SourceList "$dir/apt/sources.list";
Dir::Etc::SourceParts "$dir/apt/parts";
Dir::Etc::PreferencesParts "$dir/apt/parts";
Dir::State::Lists "$dir/apt/lists";
Dir::State::status "$dir/apt/status";
Dir::Cache "$dir/apt/cache";
APT::Architecture "riscv64";
APT::Architectures "riscv64";
APT::Sandbox::User "";
Acquire::Languages "none";
CONF
    export APT_CONFIG=$dir/apt/apt.conf
}

# The kernel's package and those that it is split into (since Debian 14: the binary, the modules).
kernel_packages() {
    apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances \
        linux-image-riscv64 | grep -E '^linux-(image|binary|modules)-[0-9]' | sort -u
}

download() {
    local packages
    apt-get -qq update
    packages=$(kernel_packages)
    [ -n "$packages" ] || die "the suite $suite has no package linux-image-riscv64"
    rm -rf debs root
    mkdir -p debs root
    # shellcheck disable=SC2086
    (cd debs && apt-get -qq download busybox-static $packages)
    local deb # not all of them have all of this; the modules may be in /lib or in /usr/lib
    for deb in debs/linux-*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C root --wildcards './boot/*' '*/kernel/drivers/virtio/*' \
            '*/kernel/drivers/block/virtio_blk*' '*/kernel/fs/*' '*/kernel/lib/*' '*/kernel/crypto/*' \
            '*/vmlinu[xz]' 2>/dev/null || true
    done
    dpkg-deb -x debs/busybox-static_*.deb root
    local kernel
    kernel=$(find root -name 'vmlinu[xz]*' -size +1M -print -quit)
    [ -n "$kernel" ] || die "the packages of $suite have no kernel in a place known here"
    cp "$kernel" vmlinux.new
    mv vmlinux.new vmlinux
}

# Prints the path of a module after the paths of those that it needs. Built-in ones have no file.
with_dependencies() { # NAME
    local file need
    file=$(find root -name "$(echo "$1" | sed 's/[_-]/[_-]/g').ko*" -print -quit)
    [ -n "$file" ] || return 0
    case $file in *.xz) xz -df "$file"; file=${file%.xz} ;; *.zst) zstd -qdf --rm "$file"; file=${file%.zst} ;; esac
    for need in $(tr '\0' '\n' <"$file" | sed -n 's/^depends=//p' | tr ',' ' '); do
        with_dependencies "$need"
    done
    echo "$file"
}

make_initrd() {
    local modules m
    # crc32c is found by name at run time, so it is in nobody's list
    modules=$(for m in virtio_mmio virtio_blk crc32c_generic ext4; do with_dependencies "$m"; done | awk '!seen[$0]++')
    rm -rf tree
    mkdir -p tree/bin tree/modules tree/dev tree/proc tree/sys tree/mnt
    cp "$(find root -path "*/bin/busybox" -type f -print -quit)" tree/bin/busybox
    for m in $modules; do cp "$m" tree/modules/; done
    {
        echo '#!/bin/busybox sh'
        echo '/bin/busybox --install -s /bin'
        echo 'mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev'
        for m in $modules; do echo "insmod /modules/${m##*/}"; done
        echo 'uname -srm'
        echo 'exec /bin/${next:-sh}'
    } >tree/init
    cat >tree/bin/selftest <<'SELFTEST'
#!/bin/sh
# The boot argument next=selftest runs this in place of a shell.
mount -t ext4 /dev/vda /mnt && cat /mnt/hello
dd if=/dev/urandom of=/mnt/data bs=64k count=16 2>/dev/null
sum=$(md5sum </mnt/data)
umount /mnt
echo 3 >/proc/sys/vm/drop_caches
mount -t ext4 /dev/vda /mnt
test "$sum" = "$(md5sum </mnt/data)" && echo the disk is good
umount /mnt
poweroff -f
SELFTEST
    chmod 755 tree/init tree/bin/selftest
    python3 "$here/newc.py" tree | gzip -6n >initrd.new
    mv initrd.new initrd
}

make_disk() {
    mkdir -p files
    echo 'a file from the host' >files/hello
    rm -f disk.new
    truncate -s 64M disk.new
    PATH=$PATH:/sbin:/usr/sbin mkfs.ext4 -q -F -U 8d7ac1f2-2c0b-4b6c-9a55-0d5f1d6a7c11 -d files disk.new
    mv disk.new disk
}

if [ ! -s vmlinux ]; then
    configure_apt
    download
fi
# made anew when this script has changed
[ initrd -nt "$here/linux-prepare.sh" ] || make_initrd
[ disk -nt "$here/linux-prepare.sh" ] || make_disk
