//! A resolver that gives up at a certain time.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tokio::time::{Instant, timeout_at};

use crate::dns::{DnsError, Resolve};

/// Asks another resolver until a certain time. After it, each question is an error at once.
pub(super) struct Deadline<'r, R> {
    pub(super) resolver: &'r R,
    pub(super) at: Instant,
}

impl<R: Resolve> Deadline<'_, R> {
    async fn wait<T>(&self, answer: impl Future<Output = Result<T, DnsError>>) -> Result<T, DnsError> {
        match timeout_at(self.at, answer).await {
            Ok(answer) => answer,
            Err(_) => Err(DnsError::new("the time for the check is over")),
        }
    }
}

impl<R: Resolve> Resolve for Deadline<'_, R> {
    async fn txt(&self, name: &str) -> Result<Vec<Vec<u8>>, DnsError> {
        self.wait(self.resolver.txt(name)).await
    }

    async fn a(&self, name: &str) -> Result<Vec<Ipv4Addr>, DnsError> {
        self.wait(self.resolver.a(name)).await
    }

    async fn aaaa(&self, name: &str) -> Result<Vec<Ipv6Addr>, DnsError> {
        self.wait(self.resolver.aaaa(name)).await
    }

    async fn mx(&self, name: &str) -> Result<Vec<String>, DnsError> {
        self.wait(self.resolver.mx(name)).await
    }

    async fn ptr(&self, address: IpAddr) -> Result<Vec<String>, DnsError> {
        self.wait(self.resolver.ptr(address)).await
    }
}
