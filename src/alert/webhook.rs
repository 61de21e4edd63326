//! A webhook: one CloudEvent a message, signed as Standard Webhooks says.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretBox};
use serde_json::json;

use super::client::{Answer, Client, Outcome};
use super::config::{AlertFault, Webhook};
use super::group::{Kind, Notice};
use super::words::Words;
use crate::position::short_hash;

/// Where to, and the key of the signature.
#[derive(Debug)]
pub(super) struct Endpoint {
    url: secrecy::SecretString,
    key: SecretBox<Vec<u8>>,
}

impl Endpoint {
    pub(super) fn new(webhook: &Webhook) -> Result<Self, AlertFault> {
        Ok(Self { url: webhook.checked_url()?.into(), key: webhook.key()? })
    }

    pub(super) fn send(
        &self,
        client: &mut Client,
        words: &Words,
        notice: &Notice,
        now: Timestamp,
    ) -> Answer {
        let id = message_id(notice);
        let body = event(&id, words, notice, now).to_string();
        let sent = Timestamp::now().as_second();
        let Some(signature) = sign(self.key.expose_secret(), &id, sent, &body) else {
            return Answer::none(Outcome::Unavailable, "no signature");
        };
        let headers = [
            "Content-Type: application/cloudevents+json; charset=utf-8".to_owned(),
            format!("webhook-id: {id}"),
            format!("webhook-timestamp: {sent}"),
            format!("webhook-signature: v1,{signature}"),
        ];
        client.post(self.url.expose_secret(), &headers, body.as_bytes())
    }
}

/// The same for each attempt at the same news, so that receivers know repetitions.
fn message_id(notice: &Notice) -> String {
    let key = &notice.key;
    let parts = [
        &key.commitment,
        &key.service,
        &key.tenant_geography,
        &key.place,
        &key.category,
        &notice.latest,
    ];
    let mut parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    parts.push(notice.kind.as_str().as_bytes());
    format!("msg_{}", short_hash(&parts))
}

fn event(id: &str, words: &Words, notice: &Notice, now: Timestamp) -> serde_json::Value {
    let ended = (notice.kind == Kind::Resolved).then_some(now);
    let key = &notice.key;
    json!({
        "specversion": "1.0",
        "id": id,
        "source": "bailiwick",
        "type": format!("bailiwick.alert.{}", notice.kind.as_str()),
        "subject": key.commitment,
        "time": now,
        "datacontenttype": "application/json",
        "data": {
            "status": notice.kind.as_str(),
            "labels": words.labels(key),
            "annotations": words.annotations(notice),
            "count": notice.count,
            "starts_at": notice.since,
            "last_violation_at": notice.last,
            "ends_at": ended,
        },
    })
}

/// HMAC-SHA-256 over id, time and body, in base64.
fn sign(key: &[u8], id: &str, sent: i64, body: &str) -> Option<String> {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(key).ok()?;
    mac.update(format!("{id}.{sent}.{body}").as_bytes());
    Some(STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_the_one_of_the_standards_own_example() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = r#"{"test": 2432232314}"#;
        let signature = sign(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature.as_deref(), Some("g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn the_same_news_has_the_same_id_and_other_news_another() {
        let mut notice = Notice::invented(Kind::Firing, Timestamp::UNIX_EPOCH);
        let first = message_id(&notice);
        assert_eq!(first, message_id(&notice.clone()));
        notice.kind = Kind::Resolved;
        let second = message_id(&notice);
        notice.latest = "v-2".into();
        assert!(first != second && second != message_id(&notice));
    }
}
