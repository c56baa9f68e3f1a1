//! Free loopback ports.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::net::{Ipv4Addr, TcpListener};

use crate::{Error, Result};

/// Ports from 32768 on are those that systems give to outgoing connections, which would take them at random.
const FIRST: u16 = 16_384;
const LAST: u16 = 32_767;

/// Finds `count` ports on 127.0.0.1 that nobody listens on at the moment.
///
/// The search begins at a random place, so that clusters that start at the same time do not meet.
///
/// # Errors
/// If fewer than `count` ports of the whole range are free.
pub(crate) fn free(count: u16) -> Result<Vec<u16>> {
    let range = u64::from(LAST - FIRST) + 1;
    let start = RandomState::new().build_hasher().finish() % range;
    // All are held until the last is found: a port that is tried twice must not be given twice.
    let held: Vec<TcpListener> = (0..range)
        .map(|step| FIRST + u16::try_from((start + step) % range).expect("the range is one of u16"))
        .filter_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
        .take(count.into())
        .collect();
    let ports: Vec<u16> = held
        .iter()
        .filter_map(|listener| Some(listener.local_addr().ok()?.port()))
        .collect();
    if ports.len() == usize::from(count) {
        Ok(ports)
    } else {
        Err(Error::NoPorts(count, FIRST, LAST))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ports_differ_and_are_free_and_not_ephemeral() {
        let ports = free(20).expect("free ports");
        assert_eq!(ports.iter().collect::<BTreeSet<_>>().len(), 20);
        for port in ports {
            assert!((FIRST..=LAST).contains(&port), "{port}");
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).expect("a port that was found is free");
        }
    }

    #[test]
    fn a_taken_port_is_left_out() {
        let mut ports = free(3).expect("free ports");
        ports.sort_unstable();
        let _taken = TcpListener::bind((Ipv4Addr::LOCALHOST, ports[1])).expect("free");
        for _ in 0..50 {
            assert!(!free(40).expect("free ports").contains(&ports[1]));
        }
    }
}
