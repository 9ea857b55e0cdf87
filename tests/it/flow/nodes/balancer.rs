//! A load balancer on loopback: each request goes to the next node; one that does not answer, or answers that it cannot, is passed over.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// A node that takes longer may be stopped.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) struct Balancer {
    pub(super) port: u16,
    /// The ports of the nodes.
    nodes: Arc<Mutex<Vec<u16>>>,
}

impl Balancer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let (port, nodes) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let (behind, next) = (Arc::clone(&nodes), Arc::new(AtomicUsize::new(0)));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (behind, next) = (Arc::clone(&behind), Arc::clone(&next));
                tokio::spawn(async move { serve(client, &behind, &next).await });
            }
        });
        Self { port, nodes }
    }

    pub(super) fn add(&self, port: u16) {
        self.nodes.lock().unwrap().push(port);
    }
}

/// One request, until some node takes it.
async fn serve(mut client: TcpStream, nodes: &Mutex<Vec<u16>>, next: &AtomicUsize) -> Option<()> {
    let request = whole(&mut client).await?;
    for _ in 0..600 {
        let ports = nodes.lock().unwrap().clone();
        for _ in 0..ports.len() {
            let port = ports[next.fetch_add(1, Ordering::Relaxed) % ports.len()];
            if let Ok(Some(answer)) = timeout(PATIENCE, ask(port, &request)).await
                && !answer.starts_with(b"HTTP/1.1 5")
            {
                return client.write_all(&answer).await.ok();
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    None
}

/// A request with its body, told to be the only one of its connection.
async fn whole(client: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut request, mut part) = (Vec::new(), vec![0; 65_536]);
    loop {
        let read = client.read(&mut part).await.ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&part[..read]);
        let Some(end) = request.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
        if request.len() >= end + 4 + length {
            let first = request.windows(2).position(|window| window == b"\r\n")? + 2;
            request.splice(first..first, *b"connection: close\r\n");
            return Some(request);
        }
    }
}

async fn ask(port: u16, request: &[u8]) -> Option<Vec<u8>> {
    let mut node = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    node.write_all(request).await.ok()?;
    let mut answer = Vec::new();
    node.read_to_end(&mut answer).await.ok()?;
    (!answer.is_empty()).then_some(answer)
}
