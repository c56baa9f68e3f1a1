//! The servers start, keep what they store, and are gone when they are dropped.

use std::net::TcpStream;

use xtask::servers::Server;

#[test]
fn a_killed_server_starts_again_on_its_port_and_a_dropped_one_is_gone() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let servers = [
        Server::nats(dir.path()),
        Server::ferretdb(dir.path()),
        Server::minio(dir.path()),
        Server::postgresql(dir.path()),
    ];
    for server in servers {
        let mut server = server.unwrap_or_else(|error| panic!("{error}"));
        let answers = |server: &Server| TcpStream::connect(server.address()).is_ok();
        assert!(!answers(&server), "it runs before it is started");
        for _ in 0..2 {
            server.start().unwrap_or_else(|error| panic!("{error}"));
            assert!(answers(&server));
            server.kill();
            assert!(!answers(&server), "it runs after it was killed");
        }
        server.start().unwrap_or_else(|error| panic!("{error}"));
        let address = server.address();
        drop(server);
        assert!(TcpStream::connect(address).is_err(), "it outlived its drop");
    }
}
