#[[ What CPack makes a .deb of: a folder that tests/support/release.bash has laid out, as it is. The
variables that begin with NETKIT_ are those of its environment. ]]
set(CPACK_GENERATOR DEB)
set(CPACK_INSTALLED_DIRECTORIES "$ENV{NETKIT_TREE};/")
set(CPACK_PACKAGING_INSTALL_PREFIX "/")
set(CPACK_PACKAGE_DIRECTORY "$ENV{NETKIT_OUT}")
set(CPACK_PACKAGE_FILE_NAME "netkit_$ENV{NETKIT_VERSION}_$ENV{NETKIT_ARCHITECTURE}")
set(CPACK_PACKAGE_NAME netkit)
set(CPACK_PACKAGE_VENDOR "netkit maintainers")
set(CPACK_PACKAGE_CONTACT "$ENV{NETKIT_CONTACT}")
set(CPACK_PACKAGE_VERSION "$ENV{NETKIT_VERSION}")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "network tools of a small fleet or LAN in one file")
set(CPACK_PACKAGE_DESCRIPTION "Echo, chat, presence, files, accounts, and switching hosts off: servers
and clients that speak one framing, log in one way and are configured
in one way. The program is linked statically and needs no library.
Its services are installed, and none of them is started.")
set(CPACK_DEBIAN_PACKAGE_NAME netkit)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE "$ENV{NETKIT_ARCHITECTURE}")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
file(GLOB control "$ENV{NETKIT_CONTROL}/*")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${control}")
