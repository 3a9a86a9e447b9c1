# shellcheck shell=bash
# MariaDB on a socket, with nothing on the network.

# Installs and starts it. `maria` holds what its programs are called with.
mariadb_server() {
    debian mariadb-server-core=1:10.11.19-0+deb12u1 mariadb-client-core=1:10.11.19-0+deb12u1 mariadb-client=1:10.11.19-0+deb12u1 \
        libmariadb3=1:10.11.19-0+deb12u1 liburing2=2.3-3 libaio1=0.3.113-4 libnuma1=2.0.16-1 libedit2=3.1-20221030-2 libbsd0=0.11.7-2 libncurses6=6.4-4
    mkdir "$work/maria"
    local settings=(--no-defaults --user="$(id -un)" --basedir="$work/root/usr" --datadir="$work/maria")
    timeout 120 mariadb-install-db "${settings[@]}" --auth-root-authentication-method=normal --skip-test-db > "$work/install.log" 2>&1
    start mariadb mariadbd "${settings[@]}" --skip-networking --socket="$work/socket"
    maria=(--no-defaults --socket="$work/socket" --user=root)
    within 60 mariadb "${maria[@]}" --execute='SELECT 1'
}
