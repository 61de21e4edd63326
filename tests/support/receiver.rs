//! A receiver of alerts that keeps what it is sent and answers as it is told.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use tokio::runtime::Runtime;

pub const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

#[derive(Clone, Debug)]
pub struct Request {
    pub path: String,
    pub status: u16,
    pub at: Instant,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// As Standard Webhooks has receivers check it.
    pub fn is_signed(&self, key: &str) -> bool {
        let key = STANDARD.decode(key.strip_prefix("whsec_").expect("a key")).expect("base64");
        let header = |name| self.header(name).unwrap_or_default();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).expect("any length");
        mac.update(header("webhook-id").as_bytes());
        mac.update(b".");
        mac.update(header("webhook-timestamp").as_bytes());
        mac.update(b".");
        mac.update(&self.body);
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        header("webhook-signature").split(' ').any(|signature| signature == expected)
    }
}

type Answer = Box<dyn Fn(&Request) -> u16 + Send>;

struct State {
    seen: Vec<Request>,
    answer: Answer,
    header: Option<(&'static str, String)>,
}

/// A receiver on a port of its own.
pub struct Receiver {
    state: Arc<Mutex<State>>,
    address: SocketAddr,
    _runtime: Runtime,
}

impl Receiver {
    pub fn start() -> Self {
        let state = State { seen: Vec::new(), answer: Box::new(|_| 200), header: None };
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        let take = move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
            let mut state = shared.lock().expect("a lock");
            let path = uri.path().to_owned();
            let mut request =
                Request { path, status: 0, at: Instant::now(), headers, body: body.to_vec() };
            request.status = (state.answer)(&request);
            state.seen.push(request.clone());
            let status = StatusCode::from_u16(request.status).expect("a status");
            match state.header.clone() {
                Some(header) => (status, [header]).into_response(),
                None => status.into_response(),
            }
        };
        let runtime = Runtime::new().expect("a runtime");
        let listener =
            runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let router = Router::new().fallback(take);
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self { state, address, _runtime: runtime }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on, answers so.
    pub fn answer(&self, answer: impl Fn(&Request) -> u16 + Send + 'static) {
        self.state.lock().expect("a lock").answer = Box::new(answer);
    }

    /// From now on, points elsewhere.
    pub fn redirect(&self, location: &str) {
        let mut state = self.state.lock().expect("a lock");
        state.answer = Box::new(|_| 307);
        state.header = Some(("location", location.to_owned()));
    }

    /// From now on, wants to be left alone for so many seconds.
    pub fn busy(&self, status: u16, seconds: u64) {
        let mut state = self.state.lock().expect("a lock");
        state.answer = Box::new(move |_| status);
        state.header = Some(("retry-after", seconds.to_string()));
    }

    /// Everything that was sent.
    pub fn seen(&self) -> Vec<Request> {
        self.state.lock().expect("a lock").seen.clone()
    }

    /// What was sent and taken.
    pub fn taken(&self) -> Vec<Request> {
        self.seen().into_iter().filter(|request| request.status == 200).collect()
    }
}
