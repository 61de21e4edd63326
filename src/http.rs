//! The process's own HTTP endpoints: the status page, `/metrics`, `/healthz` and `/readyz`.
//!
//! In: metrics, status and the state of health, all kept by others. Out: answers to people, a
//! scraper or an orchestrator on the address that the configuration names, loopback unless it says
//! otherwise. It does not know what is counted, and takes no request that changes anything.

mod auth;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::status::{Status, page};

pub use auth::{Auth, AuthFault, Guard};

/// How long a rebalance may last before the process no longer counts as ready.
const REBALANCE_GRACE: Duration = Duration::from_secs(60);

/// Sent with every answer: nothing here is for a browser to run, frame, sniff or keep.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// Why the process is not ready to judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReady {
    /// Catalog and tenants are not loaded.
    Loading,
    /// The consumer group has not yet assigned anything, not even an empty share.
    Unassigned,
    /// A rebalance has gone on for longer than 60 s.
    Rebalancing,
    /// The process is shutting down.
    Stopping,
}

impl fmt::Display for NotReady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Loading => "catalog and tenants are being loaded",
            Self::Unassigned => "no assignment from the consumer group yet",
            Self::Rebalancing => "a rebalance has lasted longer than 60 s",
            Self::Stopping => "shutting down",
        })
    }
}

#[derive(Clone, Copy, Debug, Default)]
enum Assignment {
    #[default]
    Never,
    Held,
    WithdrawnAt(Instant),
}

#[derive(Clone, Copy, Debug, Default)]
struct Condition {
    loaded: bool,
    stopping: bool,
    assignment: Assignment,
}

/// What is known of the process's health; the workers and the app write it.
#[derive(Debug, Default)]
pub struct Health(Mutex<Condition>);

impl Health {
    /// Notes an assignment received, empty or not, or one taken away by a rebalance.
    pub fn set_assigned(&self, assigned: bool) {
        self.note_assignment(assigned, Instant::now());
    }

    fn note_assignment(&self, assigned: bool, now: Instant) {
        let mut condition = self.locked();
        condition.assignment = match (assigned, condition.assignment) {
            (true, _) => Assignment::Held,
            (false, Assignment::Held) => Assignment::WithdrawnAt(now),
            (false, other) => other,
        };
    }

    /// Notes that catalog and tenants are loaded.
    pub fn set_loaded(&self) {
        self.locked().loaded = true;
    }

    /// Notes that the process is shutting down.
    pub fn set_stopping(&self) {
        self.locked().stopping = true;
    }

    /// Whether the process is ready to judge.
    ///
    /// # Errors
    /// What it still lacks.
    pub fn ready(&self) -> Result<(), NotReady> {
        self.ready_at(Instant::now())
    }

    fn ready_at(&self, now: Instant) -> Result<(), NotReady> {
        let Condition { loaded, stopping, assignment } = *self.locked();
        if stopping {
            return Err(NotReady::Stopping);
        }
        if !loaded {
            return Err(NotReady::Loading);
        }
        match assignment {
            Assignment::Never => Err(NotReady::Unassigned),
            Assignment::WithdrawnAt(at) if now.duration_since(at) > REBALANCE_GRACE => {
                Err(NotReady::Rebalancing)
            }
            Assignment::Held | Assignment::WithdrawnAt(_) => Ok(()),
        }
    }

    fn locked(&self) -> MutexGuard<'_, Condition> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For every answer but the page, which has a style sheet.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'");

/// What the handlers read.
#[derive(Clone, Debug)]
pub struct Site {
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Health.
    pub health: Arc<Health>,
    /// What people on call see.
    pub status: Arc<Status>,
    /// Who may see it.
    pub guard: Option<Guard>,
    /// Where the dashboards of all instances are.
    pub dashboards: Option<Arc<str>>,
}

/// Answers requests until `stop`, then lets those under way finish.
///
/// # Errors
/// When the listener fails.
pub async fn serve(listener: TcpListener, site: Site, stop: CancellationToken) -> io::Result<()> {
    let router = Router::new()
        .route("/", get(status_page))
        .route("/metrics", get(metrics_text))
        .route_layer(middleware::from_fn_with_state(site.clone(), guarded))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(readiness))
        .layer(middleware::map_response(secured))
        .with_state(site);
    axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned()).await
}

/// Lets those in who may see more than whether the process is well.
async fn guarded(State(site): State<Site>, request: Request, next: Next) -> Response {
    let Some(guard) = &site.guard else { return next.run(request).await };
    let given = request.headers().get(header::AUTHORIZATION).and_then(|it| it.to_str().ok());
    if guard.admits(given) {
        return next.run(request).await;
    }
    let challenge = [(header::WWW_AUTHENTICATE, guard.challenge())];
    (StatusCode::UNAUTHORIZED, challenge, "not without credentials\n").into_response()
}

async fn status_page(State(site): State<Site>, RawQuery(query): RawQuery) -> Response {
    let state = page::State {
        status: &site.status,
        metrics: &site.metrics,
        ready: site.health.ready().map_err(|reason| reason.to_string()),
        dashboards: site.dashboards.as_deref(),
        view: page::View::of(query.as_deref()),
        now: Timestamp::now(),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, page::policy()),
    ];
    (headers, page::render(&state)).into_response()
}

async fn metrics_text(State(site): State<Site>) -> Response {
    match site.metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
            .into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics could not be encoded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn readiness(State(site): State<Site>) -> Response {
    match site.health.ready() {
        Ok(()) => "ready\n".into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

async fn secured(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, value);
    }
    response.headers_mut().entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
    response
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};

    use super::*;
    use crate::catalog::program::Program;

    fn get(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn site(health: Arc<Health>, guard: Option<Guard>) -> Site {
        let metrics = Metrics::new(&Program::default(), &["entra".into()]).unwrap();
        Site { metrics, health, status: Arc::default(), guard, dashboards: None }
    }

    #[test]
    fn the_page_and_the_metrics_ask_for_credentials_and_the_health_does_not() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let auth: Auth = serde_json::from_str(
            r#"{"basic": {"username": "ops", "password": "pw"}, "bearer": {"token": "t0"}}"#,
        )
        .unwrap();
        let guard = auth.guard(std::path::Path::new("")).unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let site = site(Arc::default(), Some(guard));
        runtime.spawn(serve(listener, site, CancellationToken::new()));
        let asked = |path: &str, line: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            let lines = format!("Host: x\r\n{line}Connection: close\r\n\r\n");
            write!(stream, "GET {path} HTTP/1.1\r\n{lines}").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        };
        for path in ["/", "/metrics"] {
            let refused = asked(path, "");
            assert!(refused.starts_with("HTTP/1.1 401"), "{refused}");
            assert!(refused.contains("www-authenticate: Basic realm="), "{refused}");
            assert!(refused.contains("default-src 'none'"), "{refused}");
            assert!(!refused.contains("bailiwick_build_info"), "{refused}");
            for right in ["Basic b3BzOnB3", "Bearer t0"] {
                let answer = asked(path, &format!("Authorization: {right}\r\n"));
                assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
            }
            let wrong = asked(path, "Authorization: Bearer t1\r\n");
            assert!(wrong.starts_with("HTTP/1.1 401"), "{wrong}");
        }
        assert!(asked("/healthz", "").starts_with("HTTP/1.1 200"));
        assert!(asked("/readyz", "").starts_with("HTTP/1.1 503"));
        assert!(asked("/nowhere", "").starts_with("HTTP/1.1 404"));
    }

    #[test]
    fn readiness_waits_for_an_assignment_and_outlives_a_short_rebalance() {
        let health = Health::default();
        let start = Instant::now();
        let after = |seconds| health.ready_at(start + Duration::from_secs(seconds));
        assert_eq!(after(0), Err(NotReady::Loading));
        health.set_loaded();
        assert_eq!(after(0), Err(NotReady::Unassigned));
        health.note_assignment(false, start);
        assert_eq!(after(0), Err(NotReady::Unassigned), "nothing was there to be taken away");
        health.note_assignment(true, start);
        assert_eq!(after(3600), Ok(()));
        health.note_assignment(false, start);
        assert_eq!(after(60), Ok(()));
        health.note_assignment(false, start + Duration::from_secs(59));
        assert_eq!(after(61), Err(NotReady::Rebalancing), "a second revocation buys no time");
        health.note_assignment(true, start);
        assert_eq!(after(61), Ok(()));
        health.set_stopping();
        assert_eq!(after(61), Err(NotReady::Stopping));
    }

    #[test]
    fn the_endpoints_answer_with_strict_headers_and_stop_when_told() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let (health, stop) = (Arc::new(Health::default()), CancellationToken::new());
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let server = runtime.spawn(serve(listener, site(health.clone(), None), stop.clone()));

        assert!(get(address, "GET /healthz").starts_with("HTTP/1.1 200"));
        let unready = get(address, "GET /readyz");
        assert!(unready.starts_with("HTTP/1.1 503") && unready.contains("being loaded"));
        health.set_loaded();
        health.set_assigned(true);
        assert!(get(address, "GET /readyz").starts_with("HTTP/1.1 200"));
        let metrics = get(address, "GET /metrics");
        assert!(metrics.contains("text/plain; version=0.0.4"), "{metrics}");
        assert!(metrics.contains("bailiwick_build_info{version="), "{metrics}");
        let page = get(address, "GET /");
        assert!(page.contains("Bailiwick: this instance") && page.contains("no-store"), "{page}");
        assert!(page.contains("http-equiv=\"refresh\""), "{page}");
        assert!(!get(address, "GET /?refresh=off").contains("http-equiv=\"refresh\""));
        for request in ["GET /", "GET /metrics", "GET /nowhere", "POST /readyz"] {
            let answer = get(address, request).to_lowercase();
            for header in ["x-content-type-options: nosniff", "default-src 'none'", "no-store"] {
                assert!(answer.contains(header), "{request}: {answer}");
            }
        }
        assert!(get(address, "POST /metrics").starts_with("HTTP/1.1 405"));
        stop.cancel();
        runtime.block_on(server).unwrap().unwrap();
        assert!(TcpStream::connect(address).is_err());
    }
}
